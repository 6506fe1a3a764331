// Command gateway is an HTTP server whose requests another process answers,
// over Axon or, to compare, over HTTP.
//
//	gateway serve -channel NAME -service URL   serves until it is told to stop; prints where
//	gateway measure -gateway URL -n COUNT      asks it both ways in turn, and prints how long that takes
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	axon "axonipc.io/axon/go"
)

func serve(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	name := flags.String("channel", "quotes", "the Axon channel of the service")
	service := flags.String("service", "", "the service's HTTP address, such as http://127.0.0.1:8080")
	listen := flags.String("listen", "127.0.0.1:0", "where to serve")
	flags.Parse(arguments)

	channel, err := axon.Open(ctx, *name, axon.Options{OpenTimeout: time.Minute, RequestTimeout: 10 * time.Second})
	if err != nil {
		return err
	}
	defer channel.Close()
	mux := http.NewServeMux()
	mux.Handle("/", timed(overAxon(channel), maxAsked))
	mux.Handle("/http/", http.StripPrefix("/http", timed(overHTTP(*service), maxAsked)))
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error)
	go func() {
		<-ctx.Done()
		patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(patience)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped // only then have all requests been answered, and the channel can be closed
}

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	commands := map[string]func(context.Context, []string) error{"serve": serve, "measure": measure}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		log.Fatal("usage: gateway serve|measure [-help]")
	}
	if err := commands[os.Args[1]](ctx, os.Args[2:]); err != nil {
		log.Fatal("gateway: ", err)
	}
}
