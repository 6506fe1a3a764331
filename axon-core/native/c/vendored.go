//go:build required

// Package c makes this folder part of a Go module: "go mod vendor" copies only
// folders with a package in them. Package axon, in ../go, compiles the sources.
package c
