# find_package(axon) gives the targets axon::axon, the shared library, and
# axon::static.
include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)

if(NOT TARGET axon::axon)
    get_filename_component(axon_here "${CMAKE_CURRENT_LIST_DIR}" REALPATH) # /lib may be a link to /usr/lib
    get_filename_component(axon_include "${axon_here}/@INCLUDEDIR@" ABSOLUTE)
    get_filename_component(axon_lib "${axon_here}/../.." ABSOLUTE)
    add_library(axon::axon SHARED IMPORTED)
    set_target_properties(axon::axon PROPERTIES
        IMPORTED_LOCATION "${axon_lib}/libaxon.so.@VERSION@"
        IMPORTED_SONAME "libaxon.so.@SOVERSION@"
        INTERFACE_INCLUDE_DIRECTORIES "${axon_include}")
    add_library(axon::static STATIC IMPORTED)
    set_target_properties(axon::static PROPERTIES
        IMPORTED_LOCATION "${axon_lib}/libaxon.a"
        INTERFACE_INCLUDE_DIRECTORIES "${axon_include}"
        INTERFACE_LINK_LIBRARIES "rt;Threads::Threads")
    unset(axon_here)
    unset(axon_include)
    unset(axon_lib)
endif()
