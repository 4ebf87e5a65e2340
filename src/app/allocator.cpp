// SPDX-License-Identifier: Apache-2.0
// Settings of jemalloc, which the program is linked with (CMake: HC_JEMALLOC). Every sample of a
// meter passes through megabytes of its own: with pages of 4 KB the address of each line has to be
// looked up as well. Pages of 2 MB take a tenth off the cost of two hundred meters.

// Read by the library before main(); its name and type are the library's.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always";
}
