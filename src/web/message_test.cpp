// SPDX-License-Identifier: Apache-2.0
// Bytes from outside: addresses, forms, names of hosts, messages of the stream.
#include "web/message.hpp"

#include <gtest/gtest.h>

#include "web/access_check.hpp"
#include "web/multipart.hpp"
#include "web/stream_message.hpp"

namespace halfcycle::web {
namespace {

using Strings = std::vector<std::string>;

TEST(Target, IsCutIntoDecodedSegmentsAndParameters) {
  const auto target = parse_target("/a%2Fb/%C3%A9?labels=kW%20tot,Freq&x=1+2&empty&&y=%2B");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (Strings{"a/b", "é"}));
  ASSERT_EQ(target->query.size(), 4U);
  EXPECT_EQ(target->query[0].second, "kW tot,Freq");
  EXPECT_EQ(target->query[1].second, "1 2");
  EXPECT_EQ(target->query[2].first, "empty");
  EXPECT_EQ(target->query[3].second, "+");
  EXPECT_TRUE(parse_target("/")->segments.empty());
  EXPECT_EQ(parse_target("/a+b")->segments, (Strings{"a+b"}));
}

TEST(Target, RefusesWhatIsNoAddress) {
  for (const char* bad : {"", "a", "http://x/", "*", "/%", "/%4", "/%zz", "/%00", "/a%0Ab", "/%FF",
                          "/?a=%", "/?%00=1"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
  EXPECT_FALSE(parse_target("/" + std::string(kMaxTargetBytes, 'a')));
  std::string many = "/?";
  for (std::size_t i = 0; i <= kMaxQueryParameters; ++i) {
    many += "a=1&";
  }
  EXPECT_FALSE(parse_target(many));
}

TEST(Header, ListsItemsWithoutTheirParameters) {
  EXPECT_TRUE(lists("text/html,application/xhtml+xml;q=0.9", "text/html"));
  EXPECT_TRUE(lists("gzip;q=1.0, br", "gzip"));
  EXPECT_FALSE(lists("application/json", "text/html"));
  EXPECT_FALSE(lists("", "gzip"));
}

constexpr std::string_view kForm =
    "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".cfg\"\r\n"
    "Content-Type: text/plain\r\n\r\nline\r\n--x\r\n\r\n--xx\r\n"
    "content-disposition: form-data; name=every\r\n\r\n1s\r\n--xx--\r\n";

TEST(Multipart, HasPartsWithTheirBytesAsTheyAre) {
  const auto parts = parse_multipart(kForm, "xx");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].filename, "a \"b\".cfg");
  EXPECT_TRUE((*parts)[0].is_file);
  EXPECT_EQ((*parts)[0].content, "line\r\n--x\r\n");
  EXPECT_EQ((*parts)[1].name, "every");
  EXPECT_FALSE((*parts)[1].is_file);
  EXPECT_EQ((*parts)[1].content, "1s");
}

TEST(Multipart, MayHaveAPreambleAndEmptyParts) {
  const auto parts = parse_multipart(
      "hello\r\n--b \r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b--", "b");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 1U);
  EXPECT_EQ(parts->front().content, "");
  EXPECT_TRUE(parse_multipart("--b--", "b")->empty());
}

TEST(Multipart, RefusesAFormThatWasCutAnywhere) {
  // Up to the closing "--": what follows it is of no importance.
  const std::size_t whole = kForm.size() - 2;
  for (std::size_t size = 0; size < whole; ++size) {
    EXPECT_FALSE(parse_multipart(kForm.substr(0, size), "xx")) << size;
  }
  EXPECT_TRUE(parse_multipart(kForm.substr(0, whole), "xx"));
}

TEST(Multipart, RefusesPartsWithoutANameAndTooManyOfThem) {
  EXPECT_FALSE(parse_multipart("--b\r\nContent-Type: x\r\n\r\n1\r\n--b--", "b"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxParts; ++i) {
    many += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
  }
  EXPECT_FALSE(parse_multipart(many + "--b--", "b"));
}

TEST(Multipart, TakesItsBoundaryFromTheContentType) {
  EXPECT_EQ(*multipart_boundary("multipart/form-data; charset=utf-8; boundary=\"a b\""), "a b");
  EXPECT_EQ(*multipart_boundary("Multipart/Form-Data;boundary=x"), "x");
  EXPECT_FALSE(multipart_boundary("application/json"));
  EXPECT_FALSE(multipart_boundary("multipart/form-data"));
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary="));
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')));
}

TEST(Host, IsTheNameWithoutItsPort) {
  EXPECT_EQ(host_of("LocalHost:8443"), "localhost");
  EXPECT_EQ(host_of("localhost."), "localhost");
  EXPECT_EQ(host_of("[::1]:8443"), "::1");
  EXPECT_EQ(host_of("127.0.0.1"), "127.0.0.1");
  for (const char* bad : {"", ":1", "a b", "a:b", "[::1", "[::1]8", "[x]", "a/b", "a@b", "a\"b"}) {
    EXPECT_FALSE(host_of(bad)) << bad;
  }
}

Request request_with(std::vector<std::pair<std::string, std::string>> headers,
                     Method method = Method::Get) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  return request;
}
int refused(const Request& request) {
  const ServerNames names{.names = {"localhost", "meter-7"}, .addresses = {}};
  const auto response = refuse(names, request);
  return response ? response->status : 0;
}

TEST(Access, IsByTheServersOwnNamesAndByAddresses) {
  EXPECT_EQ(refused(request_with({{"host", "localhost:8443"}})), 0);
  EXPECT_EQ(refused(request_with({{"host", "127.0.0.1:9000"}})), 0);
  EXPECT_EQ(refused(request_with({{"host", "[::1]"}})), 0);
  EXPECT_EQ(refused(request_with({{"host", "METER-7"}})), 0);
  EXPECT_EQ(refused(request_with({{"host", "evil.example:8443"}})), 421);
  EXPECT_EQ(refused(request_with({{"host", "localhost.evil.example"}})), 421);
  EXPECT_EQ(refused(request_with({})), 400);
  EXPECT_EQ(refused(request_with({{"host", "localhost"}, {"host", "evil.example"}})), 400);
}

TEST(Access, IsNotForPagesOfOtherSites) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const auto with = [](Headers more) {
    more.emplace_back("host", "localhost:8443");
    return more;
  };
  const Headers socket = with({{"upgrade", "websocket"}, {"origin", "https://localhost:8443"}});
  EXPECT_EQ(refused(request_with(socket)), 0);
  EXPECT_EQ(refused(request_with(with({{"upgrade", "websocket"}}))), 0);  // no browser
  for (const char* origin : {"https://evil.example", "http://localhost:8443", "null",
                             "https://localhost:8444", "https://localhost:8443.evil.example"}) {
    EXPECT_EQ(refused(request_with(with({{"upgrade", "websocket"}, {"origin", origin}}))), 403);
    EXPECT_EQ(refused(request_with(with({{"origin", origin}}), Method::Post)), 403);
  }
  EXPECT_EQ(refused(request_with(with({{"sec-fetch-site", "cross-site"}}))), 403);
  // Following a link is the user's own doing.
  EXPECT_EQ(refused(request_with(with({{"sec-fetch-site", "cross-site"},
                                       {"sec-fetch-mode", "navigate"},
                                       {"sec-fetch-dest", "document"}}))),
            0);
  EXPECT_EQ(refused(request_with(with({{"sec-fetch-site", "cross-site"},
                                       {"sec-fetch-mode", "navigate"},
                                       {"sec-fetch-dest", "iframe"}}))),
            403);
}

TEST(Access, KnowsWhichAddressesStayOnThisMachine) {
  EXPECT_TRUE(is_loopback("127.0.0.1") && is_loopback("127.9.9.9") && is_loopback("::1"));
  EXPECT_FALSE(is_loopback("0.0.0.0") || is_loopback("::") || is_loopback("192.168.1.2") ||
               is_loopback("localhost") || is_loopback("::ffff:10.0.0.1"));
}

TEST(StreamMessage, SaysWhatIsSubscribed) {
  const auto message = parse_stream_message(
      R"({"subscribe": 7, "meter": "m", "labels": ["kW tot", "Freq"], "interval_ms": 500})");
  ASSERT_TRUE(message.request) << message.request.error().message;
  EXPECT_EQ(message.request->what, StreamRequest::What::Registers);
  EXPECT_EQ(message.request->id, 7U);
  EXPECT_EQ(message.request->labels, (Strings{"kW tot", "Freq"}));
  EXPECT_EQ(message.request->interval_ms, 500);
  EXPECT_EQ(parse_stream_message(R"({"subscribe":1,"meter":"m","waveform":{"seconds":0.2}})")
                .request->seconds,
            0.2);
  EXPECT_EQ(parse_stream_message(R"({"subscribe":1,"events":true})").request->what,
            StreamRequest::What::Events);
  EXPECT_EQ(parse_stream_message(R"({"unsubscribe":1})").request->what,
            StreamRequest::What::Unsubscribe);
}

TEST(StreamMessage, SaysWhatIsWrongWithIt) {
  struct Row {
    const char* text;
    const char* says;
  };
  for (const Row row : {
           Row{"", "no JSON object"},
           Row{"[1]", "no JSON object"},
           Row{"{", "no JSON object"},
           Row{"{}", "subscribe"},
           Row{R"({"subscribe":"1"})", "subscribe"},
           Row{R"({"subscribe":-1})", "subscribe"},
           Row{R"({"subscribe":1,"unsubscribe":1})", "subscribe"},
           Row{R"({"subscribe":1,"meter":"m"})", "one of"},
           Row{R"({"subscribe":1,"meter":"m","labels":["a"],"events":true})", "one of"},
           Row{R"({"subscribe":1,"events":false})", "one of"},
           Row{R"({"subscribe":1,"labels":["a"]})", "meter is missing"},
           Row{R"({"subscribe":1,"meter":1,"labels":["a"]})", "id of a meter"},
           Row{R"({"subscribe":1,"meter":"m","labels":[]})", "list of labels"},
           Row{R"({"subscribe":1,"meter":"m","labels":[1]})", "list of labels"},
           Row{R"({"subscribe":1,"meter":"m","label":["a"]})", "Did you mean 'labels'?"},
           Row{R"({"subscribe":1,"meter":"m","labels":["a"],"interval_ms":1})", "50 to 60000"},
           Row{R"({"subscribe":1,"meter":"m","labels":["a"],"interval_ms":"x"})", "50 to 60000"},
           Row{R"({"subscribe":1,"meter":"m","waveform":{"seconds":100}})", "seconds"},
           Row{R"({"subscribe":1,"meter":"m","waveform":1})", "object"},
       }) {
    const auto message = parse_stream_message(row.text);
    ASSERT_FALSE(message.request) << row.text;
    EXPECT_NE(message.request.error().message.find(row.says), std::string::npos)
        << row.text << ": " << message.request.error().message;
  }
  EXPECT_EQ(parse_stream_message(R"({"subscribe":9,"x":1})").id, 9U);
  EXPECT_FALSE(parse_stream_message(std::string(kMaxStreamMessage + 1, ' ')).request);
}

}  // namespace
}  // namespace halfcycle::web
