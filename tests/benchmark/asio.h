// Includes Asio and Beast with the settings and suppressions they need to compile without warnings.
#pragma once

#include <utility>  // Boost 1.74's Asio uses std::exchange without including it

#if defined(__SANITIZE_THREAD__)
// ThreadSanitizer doesn't support fences, and g++ warns about each one. The mutex of the scheduler's queue
// also orders a handler and its completion.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK 1
#endif

#pragma GCC diagnostic push
#if !defined(__clang__)
// With optimization, g++ 12 assumes that a thread's scheduler data is null, but Asio looks it up only on
// threads that have it.
#pragma GCC diagnostic ignored "-Wnull-dereference"
#endif
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#pragma GCC diagnostic pop
