//go:build !cgo

package axon

var _ = this_package_needs_cgo_so_install_a_C_compiler_and_set_CGO_ENABLED_to_1
