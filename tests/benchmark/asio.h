// Asio and Beast, in the one way they compile cleanly.
#pragma once

#include <utility>  // Asio of Boost 1.74 uses std::exchange without including it

#if defined(__SANITIZE_THREAD__)
// The thread sanitizer does not know fences, and g++ warns of each. A handler and its completion are ordered
// by the mutex of the scheduler's queue as well.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK 1
#endif

#pragma GCC diagnostic push
#if !defined(__clang__)
// When it optimizes, g++ 12 takes a thread's own scheduler data for null, which Asio looks up only on such
// threads.
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
