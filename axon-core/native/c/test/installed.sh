#!/bin/sh
# Uses what `make install` installs as others would: installed.sh symbols|install|cmake|c++ OUT
# Needs pkg-config, cmake and c++, each for the test of its name, and cleans up after itself.
set -eu
cd "$(dirname "$0")/.."
what=$1 out=$2
folder=$(mktemp -d)
channel=installed-$$-$(basename "$folder")
trap 'rm -rf "$folder"' EXIT
prefix=$folder/prefix

install_in() {
	make --silent OUT="$out" "$@" install
}

# Runs a program's server and client, and tells what the client prints.
ping() {
	sed "s/\"ping\", &options/\"$channel\", \&options/" examples/ping.c > "$folder/ping.c"
	"$@"
	"$folder/ping" server &
	test "$("$folder/ping" client)" = pong
	wait $!
}

expect() {
	test "$1" = "$2" || { printf 'expected: %s\nbut it is: %s\n' "$2" "$1" >&2; exit 1; }
}

case $what in
symbols) # what can be linked against is axon_* and nothing else, and is all that axon.h declares
	declared=$(sed -n 's/^AXON_API .*[ *]\(axon_[a-z_]*\)(.*/\1/p' axon.h | sort)
	expect "$(nm -D --defined-only "$out/libaxon.so.0" | awk '{ print $3 }' | sort)" "$declared"
	expect "$(nm -g --defined-only "$out/libaxon.a" | awk 'NF == 3 { print $3 }' | sort)" "$declared"
	;;
install)
	install_in PREFIX="$prefix"
	export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
	expect "$(pkg-config --modversion axon)" 0.1.0
	ping sh -c "cc -o '$folder/ping' '$folder/ping.c' $(pkg-config --cflags --libs axon) -Wl,-rpath,'$prefix/lib'"
	rm "$prefix"/lib/*.so*
	ping sh -c "cc -o '$folder/ping' '$folder/ping.c' $(pkg-config --static --cflags --libs axon)"
	install_in DESTDIR="$folder/stage" PREFIX=/usr LIBDIR=/usr/lib/some-machine
	expect "$(cd "$folder/stage" && find . ! -type d | sort | tr '\n' ' ')" "./usr/include/axon.h \
./usr/lib/some-machine/cmake/axon/axon-config-version.cmake ./usr/lib/some-machine/cmake/axon/axon-config.cmake \
./usr/lib/some-machine/libaxon.a ./usr/lib/some-machine/libaxon.so ./usr/lib/some-machine/libaxon.so.0 \
./usr/lib/some-machine/libaxon.so.0.1.0 ./usr/lib/some-machine/pkgconfig/axon.pc "
	expect "$(PKG_CONFIG_PATH=$folder/stage/usr/lib/some-machine/pkgconfig pkg-config --variable=libdir axon)" \
		/usr/lib/some-machine
	;;
cmake) # also from a folder that it was moved to, and found by a link to its lib, as Debian's /lib is
	install_in DESTDIR="$folder/stage" PREFIX=/usr
	mv "$folder/stage/usr" "$prefix"
	mkdir "$folder/linked"
	ln -s "$prefix/lib" "$folder/linked/lib"
	cat > "$folder/CMakeLists.txt" <<-'END'
		cmake_minimum_required(VERSION 3.13)
		project(consumer C)
		find_package(axon 0.1 REQUIRED)
		add_executable(ping ping.c)
		target_link_libraries(ping PRIVATE ${LIBRARY})
		find_package(axon 0.2 QUIET)
		if(axon_FOUND)
		    message(FATAL_ERROR "this is no version 0.2")
		endif()
	END
	for library in axon::axon axon::static; do
		ping sh -ec "rm -f '$folder/CMakeCache.txt'
			cmake -S '$folder' -B '$folder' -DLIBRARY=$library -DCMAKE_PREFIX_PATH='$folder/linked' > '$folder/log' 2>&1 &&
			cmake --build '$folder' >> '$folder/log' 2>&1 || { cat '$folder/log'; exit 1; }"
	done
	;;
c++)
	sed "s/\"sums\"/\"$channel\"/" examples/serve.c > "$folder/serve.c"
	sed "s/\"sums\"/\"$channel\"/" examples/ask.cpp > "$folder/ask.cpp"
	cc -std=c11 -I. -o "$folder/serve" "$folder/serve.c" "$out/libaxon.a" -lrt -pthread
	for program in test/consumer "$folder/ask"; do
		c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I. -o "$folder/$(basename $program)" $program.cpp "$out/libaxon.a" \
			-lrt -pthread
	done
	"$folder/consumer" "$channel"
	"$folder/serve" > "$folder/served" &
	expect "$("$folder/ask")" 6
	wait $!
	expect "$(cat "$folder/served")" "stop.now after 1 sums"
	# A server that answers with an error, and ends.
	sed 's/return axon_reply(.*/return axon_reply_error(channel, message, "overflow", AXON_DEFAULT_TIMEOUT) + 1;/' \
		"$folder/serve.c" > "$folder/refuse.c"
	cc -std=c11 -I. -o "$folder/refuse" "$folder/refuse.c" "$out/libaxon.a" -lrt -pthread
	"$folder/refuse" &
	expect "$("$folder/ask" 2>&1 || echo "failed with $?")" "no sum: overflow
failed with 1"
	wait $!
	;;
esac
