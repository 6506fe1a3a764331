package axon_test

import (
	"archive/zip"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const consumer = `package main

import (
	"context"
	"fmt"
	"os"

	axon "axonipc.io/axon/go"
)

func main() {
	channel, err := axon.Open(context.Background(), os.Args[1], axon.Options{Role: axon.Server})
	fmt.Println(channel.Capacity(), err, channel.Close())
}
`

// publish writes the module's files as a module proxy would hold them.
func publish(t *testing.T, proxy string) {
	folder := filepath.Join(proxy, "axonipc.io/axon/@v")
	must(t, os.MkdirAll(folder, 0o777))
	module, err := os.ReadFile("../go.mod")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "v0.1.0.mod"), module, 0o666))
	must(t, os.WriteFile(filepath.Join(folder, "v0.1.0.info"), []byte(`{"Version":"v0.1.0"}`), 0o666))
	must(t, os.WriteFile(filepath.Join(folder, "list"), []byte("v0.1.0\n"), 0o666))
	file, err := os.Create(filepath.Join(folder, "v0.1.0.zip"))
	must(t, err)
	archive := zip.NewWriter(file)
	for _, part := range []string{"../go.mod", ".", "../c"} {
		must(t, filepath.WalkDir(part, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() && entry.Name() != "target" {
				return err
			}
			if entry.IsDir() {
				return fs.SkipDir
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			writer, err := archive.Create("axonipc.io/axon@v0.1.0/" + strings.TrimPrefix(filepath.Join("../go", path), "../"))
			if err == nil {
				_, err = writer.Write(content)
			}
			return err
		}))
	}
	must(t, archive.Close())
	must(t, file.Close())
}

// Also with the sources vendored, C and all.
func TestTheModuleCanBeFetchedAndVendored(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the test needs the go command in PATH")
	}
	if _, err := os.Stat("../go.mod"); err != nil {
		t.Skip("this is a vendored copy")
	}
	proxy, folder, cache := t.TempDir(), t.TempDir(), t.TempDir()
	publish(t, proxy)
	must(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(consumer), 0o666))
	run := func(arguments ...string) {
		t.Helper()
		command := exec.Command(arguments[0], arguments[1:]...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOPROXY=file://"+proxy, "GOSUMDB=off", "GOMODCACHE="+cache,
			"GOFLAGS=-modcacherw -buildvcs=false", "GOTOOLCHAIN=local", "GOWORK=off")
		printed, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", arguments, err, printed)
		}
		if arguments[0] == "./consumer" && string(printed) != "1048576 <nil> <nil>\n" {
			t.Errorf("%s", printed)
		}
	}
	run("go", "mod", "init", "example.org/consumer")
	run("go", "get", "axonipc.io/axon/go@v0.1.0")
	run("go", "build", "-o", "consumer")
	run("./consumer", newName(t))
	must(t, os.Remove(filepath.Join(folder, "consumer")))
	run("go", "mod", "vendor")
	must(t, os.RemoveAll(filepath.Join(cache, "axonipc.io")))
	run("go", "build", "-mod=vendor", "-o", "consumer")
	run("./consumer", newName(t))
}
