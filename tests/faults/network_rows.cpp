#include "faults/matrix.h"
#include "support/gzip.h"

#include <fmt/format.h>

namespace exporter::faults {

namespace {

using datadog::ErrorKind;
using support::gzip;
using support::gzip_bomb;
using support::RawConnection;

/// Sends the bytes, then resets the connection.
Fault reset_after(std::string bytes) {
    return [bytes = std::move(bytes)](RawConnection& connection, const Request&) {
        connection.send(bytes);
        connection.reset();
        return Then::close;
    };
}

/// Sends the bytes, then nothing for as long as the client waits.
Fault stall_after(std::string bytes) {
    return [bytes = std::move(bytes)](RawConnection& connection, const Request&) {
        connection.send(bytes);
        connection.hold();
        return Then::close;
    };
}

Fault drip_after(std::string bytes, char byte) {
    return [bytes = std::move(bytes), byte](RawConnection& connection, const Request&) {
        connection.send(bytes);
        connection.drip(byte);
        return Then::close;
    };
}

/// Sends the bytes, then `piece` for as long as the client takes it, a gigabyte at most.
Fault flood_after(std::string bytes, std::string piece) {
    return [bytes = std::move(bytes), piece = std::move(piece)](RawConnection& connection, const Request&) {
        bool open = connection.send(bytes);
        for (std::size_t sent = 0; open && sent < (std::size_t{1} << 30); sent += piece.size()) {
            open = connection.send(piece);
        }
        return Then::close;
    };
}

std::string truncated(std::string bytes) {
    bytes.resize(bytes.size() - 200);
    return bytes;
}

std::string chunked(std::string_view body) {
    return fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                       body.size(), body);
}

std::string gzipped_response(std::string_view body) {
    return response("200 OK", body, "Content-Encoding: gzip\r\n");
}

const std::string& spaces() {
    static const std::string text(1 << 16, ' ');
    return text;
}

/// Four times the cap, a thousandth of it on the wire. Made when it is its turn, which takes a while.
Fault gzip_bomb_answer() {
    return [](RawConnection& connection, const Request&) {
        connection.send(gzipped_response(gzip_bomb(std::size_t{128} << 20)));
        return Then::close;
    };
}

}  // namespace

std::vector<Row> network_rows() {
    const std::string ok = response("200 OK", healthy_page(0));
    const std::string head = "HTTP/1.1 200 OK\r\n";
    const std::string zipped = gzip(healthy_page(0));
    return {
        {"ResetBeforeTheHeaders", reset_after(""), ErrorKind::network, with_retries},
        {"ResetInsideTheHeaders", reset_after("HTTP/1.1 200 OK\r\nContent-Le"), ErrorKind::network,
         with_retries},
        {"ResetAfterTheHeaders", reset_after(head + "Content-Length: 100\r\n\r\n"), ErrorKind::network,
         with_retries},
        {"ResetInsideTheBody", reset_after(truncated(ok)), ErrorKind::network, with_retries},
        {"ClosedBeforeTheHeaders", always("", Then::close), ErrorKind::network, with_retries},
        {"ClosedInsideTheHeaders", always("HTTP/1.1 200 OK\r\nContent-Le", Then::close), ErrorKind::network,
         with_retries},
        {"NotHttp", always("SSH-2.0-OpenSSH_9.2p1\r\n", Then::close), ErrorKind::network, with_retries},
        {"SilentBeforeTheHeaders", stall_after(""), ErrorKind::timeout, 1},
        {"SilentInsideTheBody", stall_after(truncated(ok)), ErrorKind::timeout, 1},
        {"HeaderDrips", drip_after(head + "X-Slow: ", 'x'), ErrorKind::timeout, 1},
        {"BodyDripsWithLength", drip_after(head + "Content-Length: 100000\r\n\r\n", ' '), ErrorKind::timeout,
         1},
        {"BodyDripsWithoutLength", drip_after(head + "\r\n", ' '), ErrorKind::timeout, 1},
        {"ChunkDrips", drip_after(head + "Transfer-Encoding: chunked\r\n\r\nffff\r\n", ' '),
         ErrorKind::timeout, 1},
        {"HeaderLineNeverEnds", flood_after(head + "X-Long: ", spaces()), ErrorKind::too_large, 1},
        {"StatusLineOfAMegabyte",
         always("HTTP/1.1 200 " + std::string(1 << 20, 'a') + "\r\n\r\n", Then::close), ErrorKind::too_large,
         1},
        {"StatusLineNeverEnds", flood_after("HTTP/1.1 200 ", spaces()), ErrorKind::too_large, 1},
        {"StatusLineOfAMegabyteAfterAnInterimAnswer",
         always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 " + std::string(1 << 20, 'a'), Then::close),
         ErrorKind::too_large, 1},
        {"ChunkSizeNeverEnds", flood_after(head + "Transfer-Encoding: chunked\r\n\r\n1;", spaces()),
         ErrorKind::too_large, 1},
        {"TrailerNeverEnds",
         flood_after(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ", spaces()),
         ErrorKind::too_large, 1},
        {"HeadersWithoutEnd", flood_after(head, "X-One-More: header\r\n"), ErrorKind::too_large, 1},
        {"BodyOverTheCapWithLength", flood_after(head + "Content-Length: 1000000000\r\n\r\n", spaces()),
         ErrorKind::too_large, 1},
        {"BodyOverTheCapWithoutLength", flood_after(head + "\r\n", spaces()), ErrorKind::too_large, 1},
        {"BodyOverTheCapInChunks",
         flood_after(head + "Transfer-Encoding: chunked\r\n\r\n", fmt::format("10000\r\n{}\r\n", spaces())),
         ErrorKind::too_large, 1},
        {"GzipBomb", gzip_bomb_answer(), ErrorKind::too_large, 1},
        {"TruncatedWithLength", always(truncated(ok), Then::close), ErrorKind::network, with_retries},
        {"TruncatedInAChunk", always(truncated(chunked(healthy_page(0))), Then::close), ErrorKind::network,
         with_retries},
        {"TruncatedWithoutLength", always(head + "\r\n" + truncated(healthy_page(0)), Then::close),
         ErrorKind::not_json, 1},
        {"TruncatedGzip", always(gzipped_response(zipped.substr(0, zipped.size() / 2)), Then::close),
         ErrorKind::not_json, 1},
        {"TruncatedGzipConnection", always(truncated(gzipped_response(zipped)), Then::close),
         ErrorKind::network, with_retries},
        {"NotGzip", always(gzipped_response("this is not gzip")), ErrorKind::network, with_retries},
        {"ChunkSizeOutOfRange",
         always(head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", Then::close),
         ErrorKind::network, with_retries},
    };
}

}  // namespace exporter::faults
