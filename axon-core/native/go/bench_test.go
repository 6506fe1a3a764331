package axon_test

import (
	"context"
	"testing"

	axon "axonipc.io/axon/go"
)

func BenchmarkStream(b *testing.B) {
	server, client := pair(b, axon.Options{})
	done := make(chan error)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		var err error
		for i := 0; i < b.N && err == nil; i++ {
			err = server.ReceiveFunc(background, func(*axon.Message) error { return nil })
		}
		done <- err
	}()
	payload := make([]byte, 32)
	for i := 0; i < b.N; i++ {
		if err := client.Send("data", payload); err != nil {
			b.Fatal(err)
		}
	}
	must(b, <-done)
}

func BenchmarkSendContext(b *testing.B) {
	server, client := pair(b, axon.Options{Capacity: 1 << 29})
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	payload := make([]byte, 32)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if client.SendContext(ctx, "data", payload) != nil || i%1000 == 0 {
			b.StopTimer()
			for err := error(nil); err == nil; _, err = server.TryReceive() {
			}
			b.StartTimer()
		}
	}
}
