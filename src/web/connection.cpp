// SPDX-License-Identifier: Apache-2.0
// One connection: requests and answers, and the WebSocket that it may become. Everything of
// Boost.Beast and TLS streams.
#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <ctime>
#include <optional>

#include "base/format.hpp"
#include "base/text.hpp"
#include "web/multipart.hpp"
#include "web/server_core.hpp"

namespace halfcycle::web {
namespace {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using TlsStream = asio::ssl::stream<Socket>;
using WebSocket = websocket::stream<TlsStream, false>;  // without compression: loopback is fast
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kReadBytes = 2048;
constexpr std::size_t kUploadReadBytes = 16384;
constexpr std::uint32_t kMaxHeaderBytes = 16384;
constexpr std::size_t kMaxPlainBytes = 4096;
constexpr double kLingerSeconds = 3;
constexpr double kBytesPerSecond = 16384;  // the slowest client that a long answer waits for
constexpr double kUploadBytesPerSecond = 524288;
constexpr int kSocketSendBytes = 65536;  // of a WebSocket: what waits there is old when it comes
constexpr int kMaxMessagesPerSecond = 100;
constexpr std::size_t kSmallBody = 16384;

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Request request_of(const http::request<http::string_body>& message, Target target) {
  Request request;
  request.method = message.method() == http::verb::get    ? Method::Get
                   : message.method() == http::verb::head ? Method::Head
                   : message.method() == http::verb::post ? Method::Post
                                                          : Method::Other;
  request.target = std::move(target);
  for (const auto& field : message) {
    const auto name = field.name_string();
    const auto value = field.value();
    request.headers.emplace_back(to_lower({name.data(), name.size()}),
                                 std::string(value.data(), value.size()));
  }
  return request;
}

// A deadline that has passed closes it (Core::sweep).
class Connection final : public OpenConnection, public std::enable_shared_from_this<Connection> {
 public:
  using Core = HttpServer::Core;
  Connection(std::shared_ptr<Core> core, Socket socket, bool refused)
      : core_(std::move(core)),
        tls_(core_->tls),
        stream_(std::in_place, std::move(socket), *tls_),
        timer_(core_->io),
        refused_(refused) {
    core_->connections.insert(this);
    core_->statistics.connections = core_->connections.size();
  }
  ~Connection() override {
    core_->connections.erase(this);
    core_->statistics.connections = core_->connections.size();
    if (socket_) {
      --core_->statistics.websockets;
    }
    end_upload();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  [[nodiscard]] bool late(SteadyTime now) const override { return now > deadline_; }
  void abort() override;
  void leave() override;

 private:
  // Binds a member function as a handler that keeps this connection alive.
  template <class... Arguments>
  auto then(void (Connection::*member)(Arguments...)) {
    return [self = shared_from_this(), member](auto&&... arguments) {
      if (!self->core_->stopped()) {
        ((*self).*member)(std::forward<decltype(arguments)>(arguments)...);
      }
    };
  }
  Socket& raw() { return socket_ ? socket_->next_layer().next_layer() : stream_->next_layer(); }
  void set_deadline(double s) { deadline_ = steady_now() + seconds(s); }

  void on_first_byte(const ErrorCodeOfAsio& error);
  void on_plain(const ErrorCodeOfAsio& error, std::size_t size);
  void on_plain_written(const ErrorCodeOfAsio& error, std::size_t size);
  void on_handshake(const ErrorCodeOfAsio& error);
  void next_request();
  void read();
  void on_read(const ErrorCodeOfAsio& error, std::size_t size);
  void parse();
  [[nodiscard]] bool on_header();
  void on_request();
  void on_continue(const ErrorCodeOfAsio& error, std::size_t size);
  [[nodiscard]] Response answer_safely() const;
  void answer_on_worker();
  void begin_analysis();
  [[nodiscard]] Response analyze() const;
  void end_analysis(Response response);
  void on_leaving(const ErrorCodeOfAsio& error, std::size_t size);
  void refuse(Response response);
  void end_upload();
  void respond(Response response);
  void write();
  void on_written(const ErrorCodeOfAsio& error, std::size_t size);
  void linger();
  void on_linger(const ErrorCodeOfAsio& error, std::size_t size);
  void shut_down();
  void on_shut_down(const ErrorCodeOfAsio& error);

  void upgrade();
  void on_upgraded(const ErrorCodeOfAsio& error);
  void read_message();
  void on_message(const ErrorCodeOfAsio& error, std::size_t size);
  void pump();
  void on_timer(const ErrorCodeOfAsio& error);
  void on_frame_sent(const ErrorCodeOfAsio& error, std::size_t size);
  void close_socket(websocket::close_code code, std::string_view why);
  void on_closed(const ErrorCodeOfAsio& error);

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<asio::ssl::context> tls_;  // as it was when this connection began
  std::optional<TlsStream> stream_;                // until it becomes socket_
  std::optional<WebSocket> socket_;
  Timer timer_;
  SteadyTime deadline_;
  const bool refused_;  // over the limit: to be told so
  bool first_request_ = true;
  bool begun_ = false;        // a byte of the present request has come
  bool header_done_ = false;  // … and its header has been looked at
  bool upload_ = false;       // it holds core_->uploading
  bool head_only_ = false;
  bool keep_alive_ = false;
  bool unread_ = false;  // the client may still be sending

  boost::beast::flat_buffer in_{kMaxHeaderBytes + kUploadReadBytes};
  std::optional<Parser> parser_;
  std::optional<http::request<http::string_body>> upgrade_request_;

  Request request_;
  Match match_;
  std::optional<Response> asset_;
  bool watching_ = false;                 // reads only to see whether the client leaves
  std::atomic<bool> client_left_{false};  // read on the thread for recordings
  std::optional<Response> analysed_;      // waits until nothing is read any more
  std::string head_;
  Response response_;
  std::size_t written_ = 0;

  std::unique_ptr<StreamSession> session_;
  boost::beast::flat_buffer message_;
  std::string frame_;
  bool sending_ = false;
  bool closing_ = false;
  std::optional<websocket::close_code> close_after_frame_;
  std::string close_reason_;
  int messages_ = 0;
  SteadyTime messages_since_;
};

void Connection::start() {
  ErrorCodeOfAsio error;
  raw().set_option(tcp::no_delay(true), error);
  set_deadline(core_->setup.limits.request_seconds);
  raw().async_wait(Socket::wait_read, then(&Connection::on_first_byte));
}

void Connection::abort() {
  ErrorCodeOfAsio error;
  timer_.cancel();
  raw().close(error);
}

void Connection::leave() {
  if (socket_ && !sending_ && !closing_) {
    // The peer learns why; nobody waits for its answer. The handler does nothing but keep alive.
    closing_ = true;
    socket_->async_close(websocket::close_code::going_away,
                         [self = shared_from_this()](const ErrorCodeOfAsio&) { self->abort(); });
    timer_.cancel();
  } else {
    abort();
  }
}

// A TLS connection begins with a record of type 22 (RFC 8446 §5.1), a plain request with a letter.
void Connection::on_first_byte(const ErrorCodeOfAsio& error) {
  constexpr unsigned char kTlsHandshake = 22;
  unsigned char first = 0;
  ErrorCodeOfAsio peek_error = error;
  if (!peek_error) {
    raw().receive(asio::buffer(&first, 1), Socket::message_peek, peek_error);
  }
  if (peek_error) {
    return;
  }
  if (first == kTlsHandshake) {
    stream_->async_handshake(TlsStream::server, then(&Connection::on_handshake));
  } else {
    ++core_->statistics.tls_failures;
    raw().async_read_some(in_.prepare(kReadBytes), then(&Connection::on_plain));
  }
}

// Who speaks plain HTTP is shown the way.
void Connection::on_plain(const ErrorCodeOfAsio& error, std::size_t size) {
  if (error) {
    return;
  }
  in_.commit(size);
  const std::string_view text(static_cast<const char*>(in_.data().data()), in_.size());
  if (text.find("\r\n\r\n") == std::string_view::npos) {
    if (in_.size() < kMaxPlainBytes) {
      raw().async_read_some(in_.prepare(kReadBytes), then(&Connection::on_plain));
    }
    return;
  }
  std::string place = format("https://localhost:{}/", core_->port);
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), "host")) {
      const std::string_view authority = trim(line.substr(colon + 1));
      const auto host = host_of(authority);
      if (host &&
          (is_address(*host) || std::find(core_->names.names.begin(), core_->names.names.end(),
                                          *host) != core_->names.names.end())) {
        place = format("https://{}/", authority);
      }
    }
  }
  const std::string body = format("This server speaks HTTPS only: {}\n", place);
  head_ = format(
      "HTTP/1.1 308 {}\r\nLocation: {}\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
      reason(308), place, body.size(), body);
  raw().async_write_some(asio::buffer(head_), then(&Connection::on_plain_written));
}

void Connection::on_plain_written(const ErrorCodeOfAsio& /*error*/, std::size_t /*size*/) {
  ErrorCodeOfAsio ignored;
  raw().shutdown(Socket::shutdown_both, ignored);
}

void Connection::on_handshake(const ErrorCodeOfAsio& error) {
  if (error) {
    ++core_->statistics.tls_failures;
    return;
  }
  next_request();
}

void Connection::next_request() {
  const WebLimits& limits = core_->setup.limits;
  parser_.emplace();
  parser_->header_limit(kMaxHeaderBytes);
  parser_->body_limit(limits.max_upload_bytes);  // of routes without uploads: see on_header()
  begun_ = false;
  header_done_ = false;
  head_only_ = false;
  keep_alive_ = false;
  // A browser opens connections that it may need; they get less time than those in use.
  set_deadline(first_request_ ? 2.0 * limits.request_seconds : limits.idle_seconds);
  first_request_ = false;
  if (in_.size() > 0) {
    parse();
  } else {
    in_.shrink_to_fit();
    read();
  }
}

void Connection::read() {
  const std::size_t most = header_done_ ? kUploadReadBytes : kReadBytes;
  if (in_.size() + most > in_.max_size()) {
    return refuse(error_response(431, "the header is too large"));
  }
  stream_->async_read_some(in_.prepare(most), then(&Connection::on_read));
}

void Connection::on_read(const ErrorCodeOfAsio& error, std::size_t size) {
  if (error) {
    return;  // the client has gone
  }
  in_.commit(size);
  parse();
}

void Connection::parse() {
  if (!begun_) {
    begun_ = true;
    set_deadline(core_->setup.limits.request_seconds);
  }
  // The parser stops after the header, and takes a line or a piece of the body at a time.
  ErrorCodeOfAsio error;
  while (in_.size() > 0 && !parser_->is_done() && error != http::error::need_more) {
    in_.consume(parser_->put(in_.data(), error));
    if (error && error != http::error::need_more) {
      return refuse(error == http::error::body_limit ? error_response(413, "the body is too large")
                    : error == http::error::header_limit
                        ? error_response(431, "the header is too large")
                        : error_response(400, "the request is no HTTP: " + error.message()));
    }
    if (parser_->is_header_done() && !header_done_) {
      header_done_ = true;
      if (!on_header()) {
        return;
      }
    }
  }
  if (parser_->is_done()) {
    on_request();
  } else {
    read();
  }
}

/// What can be refused before the body has come is refused now. False: it has been.
bool Connection::on_header() {
  const auto& message = parser_->get();
  const WebLimits& limits = core_->setup.limits;
  const auto raw_target = message.target();
  auto target = parse_target({raw_target.data(), raw_target.size()});
  head_only_ = message.method() == http::verb::head;
  keep_alive_ = message.keep_alive();
  if (!target) {
    refuse(error_response(400, target.error().message));
    return false;
  }
  request_ = request_of(message, *std::move(target));
  if (refused_) {
    Response response = error_response(
        503, format("{} connections are open, the most that this server takes; try again later",
                    limits.max_connections));
    response.headers.emplace_back("Retry-After", "10");
    refuse(std::move(response));
    return false;
  }
  if (auto no = web::refuse(core_->names, request_)) {
    refuse(*std::move(no));
    return false;
  }
  asset_ = request_.method == Method::Get || request_.method == Method::Head
               ? asset_response(core_->setup, request_)
               : std::nullopt;
  if (!asset_) {
    match_ = find_route(request_);
    if (match_.route == nullptr) {
      refuse(std::move(match_.refusal));
      return false;
    }
  }
  std::size_t limit = limits.max_body_bytes;
  if (!asset_ && match_.route->place == Place::Analyze) {
    limit = limits.max_upload_bytes;
    if (!core_->setup.analyzer || core_->uploading) {
      Response response = error_response(
          503, core_->setup.analyzer ? "another recording is being measured; try again later"
                                     : "this server measures no recordings");
      response.headers.emplace_back("Retry-After", "5");
      refuse(std::move(response));
      return false;
    }
    core_->uploading = true;
    upload_ = true;
  }
  const auto length = parser_->content_length();
  if (length && *length > limit) {
    refuse(error_response(413, format("the body is larger than {} bytes", limit)));
    return false;
  }
  parser_->body_limit(limit);  // for a body in chunks
  if (!parser_->is_done()) {
    const double size = length ? static_cast<double>(*length) : static_cast<double>(limit);
    set_deadline(
        std::min(limits.body_seconds, limits.request_seconds + size / kUploadBytesPerSecond));
    const auto expects = message[http::field::expect];
    if (equals_ignoring_case({expects.data(), expects.size()}, "100-continue")) {
      // Before anything else is written, and small enough to be taken at once by any socket.
      head_ = "HTTP/1.1 100 Continue\r\n\r\n";
      stream_->async_write_some(asio::buffer(head_), then(&Connection::on_continue));
      return false;
    }
  }
  return true;
}

void Connection::on_continue(const ErrorCodeOfAsio& error, std::size_t /*size*/) {
  if (!error) {
    parse();
  }
}

void Connection::on_request() {
  request_.body = std::move(parser_->get().body());
  ++core_->statistics.requests;
  if (asset_) {
    return respond(*std::move(asset_));
  }
  set_deadline(core_->setup.limits.analysis_seconds + core_->setup.limits.write_seconds);
  switch (match_.route->place) {
    case Place::Io:
      return respond(answer_safely());
    case Place::Worker:
      return answer_on_worker();
    case Place::Analyze:
      return begin_analysis();
    case Place::Stream:
      return upgrade();
  }
}

// Running out of memory is the one exception that our own code may meet.
Response Connection::answer_safely() const {
  try {
    return answer(core_->api, match_, request_);
  } catch (const std::exception& e) {
    core_->log.write(LogLevel::Error, "web",
                     format("{} could not be answered: {}", request_.target.path, e.what()));
    return error_response(500, "the answer could not be made");
  }
}

void Connection::answer_on_worker() {
  // Until the answer has been handed over nothing else touches this connection. Its ownership goes
  // with it: a connection ends on the I/O thread.
  const bool taken = core_->workers.post([self = shared_from_this()]() mutable {
    auto response = std::make_shared<Response>(self->answer_safely());
    asio::io_context& io = self->core_->io;
    asio::post(io, [self = std::move(self), response] {
      if (!self->core_->stopped()) {
        self->respond(std::move(*response));
      }
    });
  });
  if (!taken) {
    Response response =
        error_response(503, "too many questions to the store wait; try again later");
    response.headers.emplace_back("Retry-After", "1");
    respond(std::move(response));
  }
}

void Connection::begin_analysis() {
  const bool taken = core_->analysis.post([self = shared_from_this()]() mutable {
    auto response = std::make_shared<Response>(self->analyze());
    asio::io_context& io = self->core_->io;
    asio::post(io, [self = std::move(self), response] {
      self->request_.body = std::string();
      if (!self->core_->stopped()) {
        self->end_analysis(std::move(*response));
      }
    });
  });
  if (!taken) {
    return respond(error_response(503, "another recording is being measured; try again later"));
  }
  if (in_.size() + kReadBytes <= in_.max_size()) {
    watching_ = true;
    stream_->async_read_some(in_.prepare(kReadBytes), then(&Connection::on_leaving));
  }
}

/// While a recording is measured: its client has gone, or sends its next request already.
void Connection::on_leaving(const ErrorCodeOfAsio& error, std::size_t size) {
  watching_ = false;
  in_.commit(size);
  if (analysed_) {
    return respond(*std::exchange(analysed_, std::nullopt));
  }
  client_left_ = static_cast<bool>(error);
}

void Connection::end_analysis(Response response) {
  if (client_left_) {
    return end_upload();
  }
  if (watching_) {
    analysed_ = std::move(response);
    ErrorCodeOfAsio ignored;
    raw().cancel(ignored);  // on_leaving() answers
    return;
  }
  respond(std::move(response));
}

/// On the thread for recordings.
Response Connection::analyze() const {
  const auto boundary = multipart_boundary(request_.header("content-type"));
  if (!boundary) {
    return error_response(415, boundary.error().message);
  }
  const auto parts = parse_multipart(request_.body, *boundary);
  if (!parts) {
    return error_response(400, parts.error().message);
  }
  std::vector<UploadedFile> files;
  std::vector<std::pair<std::string, std::string>> options;
  for (const FormPart& part : *parts) {
    if (part.is_file) {
      files.push_back({part.filename, part.content});
    } else {
      options.emplace_back(part.name, std::string(part.content));
    }
  }
  if (files.empty()) {
    return error_response(400, "the form holds no file (curl: -F file=@NAME)");
  }
  const auto until = steady_now() + seconds(core_->setup.limits.analysis_seconds);
  const bool html = lists(request_.header("accept"), "text/html");
  try {
    auto answer = core_->setup.analyzer(
        {.files = files,
         .options = options,
         .format = html ? AnalysisFormat::Html : AnalysisFormat::Json,
         .stop = [this, until] {
           return core_->give_up_analysis || client_left_ || steady_now() > until;
         }});
    if (!answer) {
      const bool machine = answer.error().code == ErrorCode::Machine;
      const bool stopped = answer.error().code == ErrorCode::Interrupted;
      return error_response(machine || stopped ? 503 : 422,
                            stopped ? "measuring this recording takes too long here; use "
                                      "'halfcycle analyze' on the command line"
                                    : answer.error().message);
    }
    Response response;
    response.body = std::move(answer->content);
    response.content_policy = std::move(answer->content_policy);
    if (html) {
      response.content_type = match_.route->content_type;
    }
    return response;
  } catch (const std::exception& e) {
    core_->log.write(LogLevel::Error, "web",
                     format("an uploaded recording could not be measured: {}", e.what()));
    return error_response(500, "the recording could not be measured");
  }
}

/// Answers a request whose body may not have been read; the connection ends.
void Connection::refuse(Response response) {
  ++core_->statistics.requests;
  unread_ = !parser_->is_done();
  keep_alive_ = keep_alive_ && !unread_ && !refused_;
  respond(std::move(response));
}

void Connection::end_upload() {
  if (upload_) {
    core_->uploading = false;
    upload_ = false;
  }
}

void Connection::respond(Response response) {
  end_upload();
  response_ = std::move(response);
  ServerStatistics& statistics = core_->statistics;
  statistics.client_errors += response_.status >= 400 && response_.status < 500 ? 1 : 0;
  statistics.server_errors += response_.status >= 500 ? 1 : 0;
  const std::string_view content = response_.content();
  head_ = format("HTTP/1.1 {} {}\r\nServer: Halfcycle\r\nDate: {}\r\n", response_.status,
                 reason(response_.status), http_date());
  if (response_.status != 304) {
    head_ += format("Content-Type: {}\r\nContent-Length: {}\r\n", response_.content_type,
                    content.size());
  }
  head_ += keep_alive_ ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  bool cache = false;
  for (const auto& [name, value] : response_.headers) {
    head_ += format("{}: {}\r\n", name, value);
    cache = cache || name == "Cache-Control";
  }
  head_ += cache ? "" : "Cache-Control: no-store\r\n";
  append_security_headers(
      head_, response_.content_policy.empty() ? core_->policy : response_.content_policy);
  head_ += "\r\n";
  if (head_only_ || response_.status == 304) {
    response_.body.clear();
    response_.fixed_body = {};
  } else if (content.size() <= kSmallBody) {
    head_ += content;  // one record, one packet
    response_.body.clear();
    response_.fixed_body = {};
  }
  written_ = 0;
  const auto size = static_cast<double>(head_.size() + response_.content().size());
  statistics.bytes_sent += head_.size() + response_.content().size();
  set_deadline(core_->setup.limits.write_seconds + size / kBytesPerSecond);
  write();
}

void Connection::write() {
  std::string_view rest = head_;
  if (written_ >= head_.size()) {
    rest = response_.content().substr(written_ - head_.size());
  } else {
    rest.remove_prefix(written_);
  }
  if (!rest.empty()) {
    stream_->async_write_some(asio::buffer(rest.data(), rest.size()),
                              then(&Connection::on_written));
    return;
  }
  response_ = {};
  head_.clear();
  if (keep_alive_) {
    return next_request();
  }
  set_deadline(kLingerSeconds);
  if (unread_) {
    // Closing with unread bytes would reset the connection and take the answer with it.
    return linger();
  }
  shut_down();
}

void Connection::on_written(const ErrorCodeOfAsio& error, std::size_t size) {
  if (!error) {
    written_ += size;
    write();
  }
}

void Connection::linger() {
  in_.consume(in_.size());
  stream_->async_read_some(in_.prepare(kReadBytes), then(&Connection::on_linger));
}

void Connection::on_linger(const ErrorCodeOfAsio& error, std::size_t /*size*/) {
  if (!error) {
    linger();
  }
}

void Connection::shut_down() { stream_->async_shutdown(then(&Connection::on_shut_down)); }
void Connection::on_shut_down(const ErrorCodeOfAsio& /*error*/) { abort(); }

// ── WebSocket ─────────────────────────────────────────────────────────────────────────────────

void Connection::upgrade() {
  auto message = parser_->release();
  if (!websocket::is_upgrade(message)) {
    Response response =
        error_response(426, "this address speaks WebSocket only; see /api/v1/openapi.json");
    response.headers.emplace_back("Upgrade", "websocket");
    return respond(std::move(response));
  }
  if (in_.size() > 0) {
    keep_alive_ = false;
    return respond(error_response(400, "nothing may follow before the WebSocket is open"));
  }
  ErrorCodeOfAsio ignored;
  raw().set_option(asio::socket_base::send_buffer_size(kSocketSendBytes), ignored);
  socket_.emplace(std::move(*stream_));
  stream_.reset();
  ++core_->statistics.websockets;
  socket_->set_option(websocket::stream_base::timeout{
      .handshake_timeout = seconds(core_->setup.limits.request_seconds),
      .idle_timeout = seconds(core_->setup.limits.idle_seconds),
      .keep_alive_pings = true});
  socket_->read_message_max(kMaxStreamMessage);
  socket_->auto_fragment(false);
  socket_->text(true);
  upgrade_request_ = std::move(message);
  socket_->async_accept(*upgrade_request_, then(&Connection::on_upgraded));
}

void Connection::on_upgraded(const ErrorCodeOfAsio& error) {
  upgrade_request_.reset();
  parser_.reset();
  request_ = {};
  if (error) {
    return;
  }
  session_ =
      std::make_unique<StreamSession>(core_->api, core_->feed, core_->statistics.subscriptions);
  deadline_ = SteadyTime::max();
  read_message();
}

void Connection::read_message() { socket_->async_read(message_, then(&Connection::on_message)); }

void Connection::on_message(const ErrorCodeOfAsio& error, std::size_t /*size*/) {
  if (error) {
    // Gone, or closed by either side. What is being sent ends with an error of its own.
    closing_ = true;
    timer_.cancel();
    return;
  }
  const SteadyTime now = steady_now();
  if (now - messages_since_ > std::chrono::seconds(1)) {
    messages_since_ = now;
    messages_ = 0;
  }
  const std::string text(static_cast<const char*>(message_.data().data()), message_.size());
  message_.consume(message_.size());
  if (++messages_ > kMaxMessagesPerSecond) {
    return close_socket(websocket::close_code::policy_error, "too many messages");
  }
  if (!socket_->got_text()) {
    return close_socket(websocket::close_code::unknown_data, "messages are JSON text");
  }
  if (!session_->receive(text, now)) {
    return close_socket(websocket::close_code::policy_error, "too many wrong messages");
  }
  pump();
  read_message();
}

/// Sends what there is, one frame at a time, else waits until there may be something.
void Connection::pump() {
  if (sending_ || closing_) {
    return;
  }
  const SteadyTime now = steady_now();
  if (auto frame = session_->next(now)) {
    frame_ = *std::move(frame);
    sending_ = true;
    ++core_->statistics.frames_sent;
    core_->statistics.bytes_sent += frame_.size();
    set_deadline(core_->setup.limits.write_seconds);
    timer_.cancel();
    socket_->async_write(asio::buffer(frame_), then(&Connection::on_frame_sent));
    return;
  }
  timer_.expires_at(session_->wake(now));
  timer_.async_wait(then(&Connection::on_timer));
}

void Connection::on_timer(const ErrorCodeOfAsio& error) {
  if (!error) {
    pump();
  }
}

void Connection::on_frame_sent(const ErrorCodeOfAsio& error, std::size_t /*size*/) {
  sending_ = false;
  deadline_ = SteadyTime::max();
  if (error) {
    closing_ = true;
    return;
  }
  if (close_after_frame_) {
    return close_socket(*close_after_frame_, close_reason_);
  }
  pump();
}

void Connection::close_socket(websocket::close_code code, std::string_view why) {
  set_deadline(kLingerSeconds);
  timer_.cancel();
  if (sending_) {
    close_after_frame_ = code;
    close_reason_ = why;
    return;
  }
  closing_ = true;
  socket_->async_close(websocket::close_reason(code, std::string(why)),
                       then(&Connection::on_closed));
}

void Connection::on_closed(const ErrorCodeOfAsio& /*error*/) { abort(); }

}  // namespace

void start_connection(std::shared_ptr<HttpServer::Core> core, Socket socket, bool refused) {
  std::make_shared<Connection>(std::move(core), std::move(socket), refused)->start();
}

}  // namespace halfcycle::web
