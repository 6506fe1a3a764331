package axon_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	axon "axonipc.io/axon/go"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	name := fmt.Sprintf("example-%d", os.Getpid())

	server, err := axon.Open(ctx, name, axon.Options{Role: axon.Server}) // usually another process
	if err != nil {
		panic(err)
	}
	defer server.Close()
	mux := axon.NewMux()
	mux.HandleFunc("greet", func(_ context.Context, message *axon.Message) ([]byte, error) {
		if len(message.Payload()) == 0 {
			return nil, errors.New("nobody to greet")
		}
		return append([]byte("hello "), message.Payload()...), nil
	})
	served := make(chan error)
	go func() { served <- server.Serve(ctx, mux) }()

	client, err := axon.Open(ctx, name, axon.Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	reply, err := client.Request(ctx, "greet", []byte("Go"))
	fmt.Println(string(reply), err)
	_, err = client.Request(ctx, "greet", nil)
	var remote *axon.RemoteError
	fmt.Println(errors.As(err, &remote), remote.Text)

	stop()
	fmt.Println(errors.Is(<-served, context.Canceled))
	// Output:
	// hello Go <nil>
	// true nobody to greet
	// true
}

// Nothing is copied: the numbers are written into shared memory, and read there.
func ExampleChannel_SendFunc() {
	ctx := context.Background()
	name := fmt.Sprintf("example-numbers-%d", os.Getpid())
	server, err := axon.Open(ctx, name, axon.Options{Role: axon.Server})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	client, err := axon.Open(ctx, name, axon.Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()

	err = client.SendFunc(ctx, axon.Header{Tag: "squares"}, 8*10, func(payload []byte) error {
		for i := 0; i < 10; i++ {
			binary.LittleEndian.PutUint64(payload[8*i:], uint64(i*i))
		}
		return nil
	})
	fmt.Println(err)
	err = server.ReceiveFunc(ctx, func(message *axon.Message) error {
		sum := uint64(0)
		for payload := message.Payload(); len(payload) > 0; payload = payload[8:] {
			sum += binary.LittleEndian.Uint64(payload)
		}
		fmt.Println(message.Tag(), sum)
		return nil
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// squares 285
	// <nil>
}

// A wait ends with its context.
func ExampleChannel_Receive() {
	name := fmt.Sprintf("example-silence-%d", os.Getpid())
	channel, err := axon.Open(context.Background(), name, axon.Options{Role: axon.Server})
	if err != nil {
		panic(err)
	}
	defer channel.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = channel.Receive(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}
