//go:build required

package axon

import _ "axonipc.io/axon/c" // so that "go mod vendor" copies the C sources that the c_*.c files here include
