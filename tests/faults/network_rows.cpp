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

/// Sends the bytes, then nothing until the client gives up.
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

/// Sends the bytes, then `piece` until the client closes, up to 1 GB.
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

/// Answers each request with the healthy page's body, framed by `framed`.
template <class Framed>
Fault each_page(Framed framed) {
    return [framed](RawConnection& connection, const Request& request) {
        connection.send(framed(healthy_page(request.page)));
        return Then::keep_alive;
    };
}

/// A page in a form that HTTP allows.
Row read_in_full(std::string name, Fault fault) {
    return {std::move(name), std::move(fault), {}, last_page + 1};
}

std::vector<Row> unusual_rows() {
    return {
        read_in_full(
            "InterimAnswersFirst", each_page([](const std::string& body) {
                return "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
                       response("200 OK", body);
            })),
        read_in_full("ExtensionsAndTrailers", each_page([](const std::string& body) {
                         return fmt::format(
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n"
                             "{:X};a=\"b;c\"\r\n{}\r\n0;d\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
                             body.size(), body);
                     })),
        read_in_full("LengthBesideChunks", each_page([](const std::string& body) {
                         return fmt::format(
                             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: "
                             "chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                             body.size(), body);
                     })),
        read_in_full("SameLengthTwice", each_page([](const std::string& body) {
                         return response("200 OK", body, fmt::format("content-length: {}\r\n", body.size()));
                     })),
        read_in_full("LineFeedsAlone", each_page([](const std::string& body) {
                         return fmt::format("HTTP/1.1 200 OK\nContent-Length: {}\n\n{}", body.size(), body);
                     })),
        read_in_full("BytesAfterEachAnswer", each_page([](const std::string& body) {
                         return response("200 OK", body) + response("403 Forbidden", "of another request");
                     })),
        read_in_full("GzipByAnotherName", each_page([](const std::string& body) {
                         return response("200 OK", gzip(body), "Content-Encoding: X-GZip\r\n");
                     })),
        read_in_full("GzipOfSeveralMembersAndZeros", each_page([](const std::string& body) {
                         return gzipped_response(gzip(body.substr(0, 100)) + gzip("") +
                                                 gzip(body.substr(100)) + std::string(64, '\0'));
                     })),
    };
}

/// A response with a wrong length or checksum, on a connection that stays open.
Row broken(std::string name, std::string bytes) {
    return {std::move(name), always(std::move(bytes)), ErrorKind::network, with_retries};
}

std::string with_byte_changed(std::string bytes, std::size_t back) {
    char& byte = bytes[bytes.size() - back];
    byte = static_cast<char>(byte ^ 1);
    return bytes;
}

std::vector<Row> broken_rows() {
    constexpr std::size_t checksum = 5;  ///< offset from the end of a gzip member
    constexpr std::size_t length = 1;
    const std::string body = healthy_page(0);
    const std::string zipped = gzip(body);
    const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    return {
        broken("LengthsThatDiffer", response("200 OK", body, "Content-Length: 5\r\n")),
        broken("LengthThatIsNoNumber", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n" + body),
        broken("ChunkSizeThatIsNoNumber",
               chunks + fmt::format("0x{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body)),
        broken("ChunkWithoutItsLineEnd", chunks + fmt::format("{:x}\r\n{}0\r\n\r\n", body.size(), body)),
        broken("HeaderLineWithoutAColon", response("200 OK", body, "X-A\r\n")),
        broken("GzipWithoutItsEnd", gzipped_response(zipped.substr(0, zipped.size() - 8))),
        broken("GzipWithHalfItsEnd", gzipped_response(zipped.substr(0, zipped.size() - 4))),
        broken("GzipWithAnotherChecksum", gzipped_response(with_byte_changed(zipped, checksum))),
        broken("GzipWithAnotherLength", gzipped_response(with_byte_changed(zipped, length))),
        broken("GzipWithASecondMemberCut", gzipped_response(zipped + gzip("").substr(0, 12))),
        broken("GzipWithOtherBytesBehind", gzipped_response(zipped + "and more")),
    };
}

/// Four times the page size limit, compressed to a thousandth of that. Built only when needed, as that takes
/// a while.
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
    std::vector<Row> rows = {
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
        {"InterimAnswersWithoutEnd", flood_after("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
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
         ErrorKind::network, with_retries},
        {"TruncatedGzipConnection", always(truncated(gzipped_response(zipped)), Then::close),
         ErrorKind::network, with_retries},
        {"NotGzip", always(gzipped_response("this is not gzip")), ErrorKind::network, with_retries},
        {"ChunkSizeOutOfRange",
         always(head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", Then::close),
         ErrorKind::too_large, 1},
    };
    for (const auto& more : {unusual_rows(), broken_rows()}) {
        rows.insert(rows.end(), more.begin(), more.end());
    }
    return rows;
}

}  // namespace exporter::faults
