# Debian's packages behind one target each, and Asio and Beast compiled once.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(GUMBO REQUIRED IMPORTED_TARGET gumbo)
pkg_check_modules(CMARK_GFM REQUIRED IMPORTED_TARGET libcmark-gfm)
find_library(CMARK_GFM_EXTENSIONS cmark-gfm-extensions REQUIRED)
pkg_check_modules(LIBJWT REQUIRED IMPORTED_TARGET libjwt)
find_package(prometheus-cpp REQUIRED COMPONENTS core)

add_library(longhand_libs INTERFACE)
target_link_libraries(longhand_libs INTERFACE Boost::headers Boost::json Boost::url OpenSSL::Crypto OpenSSL::SSL
                                              fmt::fmt spdlog::spdlog Threads::Threads)
target_compile_definitions(longhand_libs INTERFACE SPDLOG_FMT_EXTERNAL)

add_library(longhand_asio STATIC "${CMAKE_SOURCE_DIR}/cmake/asio.cc")
target_compile_definitions(longhand_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(longhand_asio PUBLIC longhand_libs)

add_library(longhand_gumbo INTERFACE)
target_link_libraries(longhand_gumbo INTERFACE PkgConfig::GUMBO)
add_library(longhand_cmark INTERFACE)
target_link_libraries(longhand_cmark INTERFACE ${CMARK_GFM_EXTENSIONS} PkgConfig::CMARK_GFM)
add_library(longhand_jwt INTERFACE)
target_link_libraries(longhand_jwt INTERFACE PkgConfig::LIBJWT)
add_library(longhand_prometheus INTERFACE)
target_link_libraries(longhand_prometheus INTERFACE prometheus-cpp::core)
add_library(longhand_cli11 INTERFACE)
