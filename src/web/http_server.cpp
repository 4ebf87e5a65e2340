// SPDX-License-Identifier: Apache-2.0
// Everything of Boost.Beast, Asio and TLS sockets. Plain callbacks, each naming its member
// function: they compile in a third of the time of coroutines and show in a debugger.
#include "web/http_server.hpp"

#include <openssl/ssl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <ctime>
#include <optional>
#include <unordered_set>

#include "base/format.hpp"
#include "base/text.hpp"
#include "web/access_check.hpp"
#include "web/certificate.hpp"
#include "web/multipart.hpp"
#include "web/routes.hpp"
#include "web/stream.hpp"
#include "web/worker_pool.hpp"

namespace halfcycle::web {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using ErrorCodeOfAsio = boost::system::error_code;
// The concrete executor: the polymorphic one costs compile time and an indirection.
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;
using TlsStream = asio::ssl::stream<Socket>;
using WebSocket = websocket::stream<TlsStream, false>;  // without compression: loopback is fast
using Parser = http::request_parser<http::string_body>;
using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 2048;
constexpr std::size_t kUploadReadBytes = 16384;
constexpr std::uint32_t kMaxHeaderBytes = 16384;
constexpr std::size_t kMaxPlainBytes = 4096;
constexpr std::size_t kRefusalConnections = 32;  // over the limit, to be told so
constexpr double kLingerSeconds = 3;
constexpr double kBytesPerSecond = 16384;  // the slowest client that a long answer waits for
constexpr double kUploadBytesPerSecond = 524288;
constexpr int kSocketSendBytes = 65536;  // of a WebSocket: what waits there is old when it comes
constexpr int kMaxMessagesPerSecond = 100;
constexpr std::size_t kSmallBody = 16384;
constexpr auto kSweep = milliseconds(500);
constexpr auto kFeed = milliseconds(50);
constexpr auto kCertificateCheck = std::chrono::hours(1);

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }
std::chrono::steady_clock::duration seconds(double s) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(s));
}
Instant utc_now() {
  return Instant::from_unix_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

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

int select_http_1_1(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void* /*context*/) {
  static constexpr std::array<unsigned char, 9> kProtocol{8,   'h', 't', 't', 'p',
                                                          '/', '1', '.', '1'};
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kProtocol.data(), kProtocol.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Result<std::shared_ptr<asio::ssl::context>> make_context(const Certificate& certificate) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections keep no buffers
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(native, select_http_1_1, nullptr);
  ErrorCodeOfAsio error;
  context->use_certificate_chain(
      asio::buffer(certificate.chain_pem.data(), certificate.chain_pem.size()), error);
  if (!error) {
    context->use_private_key(asio::buffer(certificate.key_pem.data(), certificate.key_pem.size()),
                             asio::ssl::context::pem, error);
  }
  if (error) {
    return fail(ErrorCode::InvalidInput, "{}: cannot be used for TLS: {}", certificate.file,
                error.message());
  }
  return context;
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

}  // namespace

// ── The server ────────────────────────────────────────────────────────────────────────────────

class Connection;

class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  Core(const WebSetup& given, asio::io_context& context, const fleet::Directory& directory,
       const recorder::History* history, Log& sink)
      : setup(given),
        names(server_names(setup)),
        policy(page_policy(setup)),
        api{.directory = directory,
            .history = history,
            .statistics = statistics,
            .setup = setup,
            .now = utc_now},
        feed(history),
        io(context),
        log(sink),
        workers(setup.limits.worker_threads, setup.limits.worker_queue),
        analysis(1, 1),
        acceptor_(context),
        accept_timer_(context),
        sweep_timer_(context),
        feed_timer_(context) {}

  Result<void> listen();
  void run();
  void stop();
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] Result<Certificate> find_certificate() const;

  const WebSetup setup;
  const ServerNames names;
  const std::string policy;
  ServerStatistics statistics;
  const Api api;
  RecordFeed feed;
  asio::io_context& io;
  Log& log;
  WorkerPool workers;
  WorkerPool analysis;
  std::atomic<bool> give_up_analysis{false};
  bool uploading = false;  // one recording at a time, from its first byte on
  std::unordered_set<Connection*> connections;
  Certificate certificate;
  std::shared_ptr<asio::ssl::context> tls;
  std::uint16_t port = 0;

 private:
  void accept();
  void wait_and_accept(std::chrono::steady_clock::duration wait);
  void accepted(const ErrorCodeOfAsio& error, Socket socket);
  void sweep();
  void poll_feed();
  void check_certificate();

  Acceptor acceptor_;
  Timer accept_timer_;
  Timer sweep_timer_;
  Timer feed_timer_;
  double tokens_ = 0.0;  // handshakes that may begin now
  SteadyTime tokens_at_;
  SteadyTime certificate_checked_;
  bool limit_said_ = false;
  bool accept_error_said_ = false;
  bool stopped_ = false;
};

// ── A connection ──────────────────────────────────────────────────────────────────────────────

// Owned by its pending handler. A deadline that has passed closes it (Core::sweep).
class Connection : public std::enable_shared_from_this<Connection> {
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
  ~Connection() {
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
  [[nodiscard]] bool late(SteadyTime now) const { return now > deadline_; }
  /// At once; pending operations end with an error.
  void abort();
  /// The server stops.
  void leave();

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
        self->respond(std::move(*response));
      }
    });
  });
  if (!taken) {
    respond(error_response(503, "another recording is being measured; try again later"));
  }
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
         .stop = [this, until] { return core_->give_up_analysis || steady_now() > until; }});
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

// ── Accepting and housekeeping ────────────────────────────────────────────────────────────────

Result<Certificate> HttpServer::Core::find_certificate() const {
  if (!setup.certificate_file.empty() || !setup.key_file.empty()) {
    return load_certificate(setup.certificate_file, setup.key_file, utc_now());
  }
  return own_certificate(setup.data_folder, names.names, names.addresses, utc_now());
}

Result<void> HttpServer::Core::listen() {
  const std::string text = setup.address == "localhost" ? "127.0.0.1" : setup.address;
  ErrorCodeOfAsio error;
  const auto address = asio::ip::make_address(text, error);
  if (error) {
    return fail(ErrorCode::InvalidSetup,
                "web: '{}' is no address to listen on; use 127.0.0.1 or ::1", setup.address);
  }
  if (!is_loopback(text) && !setup.allow_remote) {
    return fail(
        ErrorCode::InvalidSetup,
        "web: {} can be reached from other machines, and there is no login yet; listen on "
        "127.0.0.1 and come through an SSH tunnel (docs/api.md), or set allow_remote = true",
        setup.address);
  }
  const tcp::endpoint endpoint(address, setup.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) {
    acceptor_.set_option(Acceptor::reuse_address(true), error);
    acceptor_.bind(endpoint, error);
  }
  if (!error) {
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  }
  if (!error) {
    acceptor_.non_blocking(true, error);
  }
  if (error) {
    return fail(ErrorCode::Machine, "web: cannot listen on {} port {}: {}{}", setup.address,
                setup.port, error.message(),
                error == asio::error::address_in_use
                    ? "; is another halfcycle running? Choose another port with --web"
                : error == asio::error::access_denied
                    ? "; ports below 1024 need a privilege, choose a higher one with --web"
                    : "");
  }
  port = acceptor_.local_endpoint(error).port();
  return {};
}

// Each connection is an open file; the usual soft limit of 1024 is below the limit of connections.
void raise_file_limit(std::size_t connections) {
  constexpr std::size_t kOthers = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < connections + kOthers) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, connections + kOthers);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void HttpServer::Core::run() {
  raise_file_limit(setup.limits.max_connections);
  tokens_ = setup.limits.handshakes_per_second;
  tokens_at_ = steady_now();
  certificate_checked_ = tokens_at_;
  accept();
  sweep();
  poll_feed();
}

void HttpServer::Core::stop() {
  if (stopped_) {
    return;
  }
  stopped_ = true;
  give_up_analysis = true;
  workers.stop();
  analysis.stop();
  ErrorCodeOfAsio ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  sweep_timer_.cancel();
  feed_timer_.cancel();
  // Ending one may destroy it at once.
  const std::vector<Connection*> open(connections.begin(), connections.end());
  for (Connection* connection : open) {
    connection->leave();
  }
}

void HttpServer::Core::accept() {
  const SteadyTime now = steady_now();
  const double rate = setup.limits.handshakes_per_second;
  tokens_ =
      std::min(rate, tokens_ + rate * std::chrono::duration<double>(now - tokens_at_).count());
  tokens_at_ = now;
  if (tokens_ < 1.0) {
    return wait_and_accept(seconds((1.0 - tokens_) / rate));
  }
  acceptor_.async_accept(io,
                         [self = shared_from_this()](const ErrorCodeOfAsio& error, Socket socket) {
                           self->accepted(error, std::move(socket));
                         });
}

void HttpServer::Core::wait_and_accept(std::chrono::steady_clock::duration wait) {
  accept_timer_.expires_after(wait);
  accept_timer_.async_wait([self = shared_from_this()](const ErrorCodeOfAsio& error) {
    if (!error && !self->stopped_) {
      self->accept();
    }
  });
}

void HttpServer::Core::accepted(const ErrorCodeOfAsio& error, Socket socket) {
  if (stopped_) {
    return;
  }
  if (error) {
    if (!accept_error_said_) {
      log.write(LogLevel::Warning, "web",
                format("cannot take connections: {}; close some, or raise the limit of open files",
                       error.message()));
      accept_error_said_ = true;
    }
    return wait_and_accept(milliseconds(100));
  }
  if (accept_error_said_) {
    log.write(LogLevel::Info, "web", "takes connections again");
    accept_error_said_ = false;
  }
  tokens_ -= 1.0;
  ++statistics.accepted;
  const std::size_t limit = setup.limits.max_connections;
  const bool over = connections.size() >= limit;
  if (over) {
    ++statistics.refused;
    if (!limit_said_) {
      log.write(LogLevel::Warning, "web",
                format("{} connections are open; more are refused until some have ended", limit));
      limit_said_ = true;
    }
  } else if (limit_said_ && connections.size() < limit - limit / 10) {
    log.write(LogLevel::Info, "web", "takes new connections again");
    limit_said_ = false;
  }
  if (connections.size() < limit + kRefusalConnections) {
    std::make_shared<Connection>(shared_from_this(), std::move(socket), over)->start();
  }
  accept();
}

void HttpServer::Core::sweep() {
  sweep_timer_.expires_after(kSweep);
  sweep_timer_.async_wait([self = shared_from_this()](const ErrorCodeOfAsio& error) {
    if (error || self->stopped_) {
      return;
    }
    const SteadyTime now = steady_now();
    std::vector<Connection*> late;
    for (Connection* connection : self->connections) {
      if (connection->late(now)) {
        late.push_back(connection);
      }
    }
    for (Connection* connection : late) {
      ++self->statistics.timed_out;
      connection->abort();
    }
    if (now - self->certificate_checked_ > kCertificateCheck) {
      self->certificate_checked_ = now;
      self->check_certificate();
    }
    self->sweep();
  });
}

void HttpServer::Core::poll_feed() {
  feed_timer_.expires_after(kFeed);
  feed_timer_.async_wait([self = shared_from_this()](const ErrorCodeOfAsio& error) {
    if (error || self->stopped_) {
      return;
    }
    if (const auto question = self->feed.question()) {
      const bool taken = self->workers.post([self, question] {
        auto answer = std::make_shared<RecordFeed::Answer>(self->feed.ask(*question));
        asio::post(self->io, [self, answer] { self->feed.take(std::move(*answer)); });
      });
      if (!taken) {
        self->feed.give_up();
      }
    }
    self->poll_feed();
  });
}

// A certificate of the user that has been replaced, an own one that nears its end.
void HttpServer::Core::check_certificate() {
  const bool taken = workers.post([self = shared_from_this()] {
    auto found = std::make_shared<Result<Certificate>>(self->find_certificate());
    asio::post(self->io, [self, found] {
      if (self->stopped_) {
        return;
      }
      if (!*found) {
        self->log.write(LogLevel::Warning, "web",
                        format("goes on with its present certificate: {}", found->error().message));
        return;
      }
      if ((*found)->fingerprint == self->certificate.fingerprint) {
        return;
      }
      auto context = make_context(**found);
      if (!context) {
        self->log.write(LogLevel::Warning, "web", context.error().message);
        return;
      }
      self->certificate = **found;
      self->tls = *std::move(context);
      self->log.write(
          LogLevel::Info, "web",
          format("has a new certificate, SHA-256 fingerprint {}", self->certificate.fingerprint));
    });
  });
  if (!taken) {
    certificate_checked_ = {};  // tried again at the next sweep
  }
}

// ── The façade ────────────────────────────────────────────────────────────────────────────────

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
HttpServer::~HttpServer() { core_->stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const WebSetup& setup, asio::io_context& io,
                                                      const fleet::Directory& directory,
                                                      const recorder::History* history, Log& log) {
  auto core = std::make_shared<Core>(setup, io, directory, history, log);
  if (const auto listening = core->listen(); !listening) {
    return fail(listening.error());
  }
  auto certificate = core->find_certificate();
  if (!certificate) {
    return fail(certificate.error());
  }
  auto context = make_context(*certificate);
  if (!context) {
    return fail(context.error());
  }
  core->certificate = *std::move(certificate);
  core->tls = *std::move(context);
  core->run();
  auto server = std::make_unique<HttpServer>(std::move(core));
  log.write(LogLevel::Info, "web",
            format("listens on {}; certificate {}{}, SHA-256 fingerprint {}", server->url(),
                   server->certificate_file(), server->core_->certificate.made ? " (new)" : "",
                   server->fingerprint()));
  return server;
}

void HttpServer::stop() { core_->stop(); }
std::uint16_t HttpServer::port() const { return core_->port; }
std::string HttpServer::url() const {
  const std::string& address = core_->setup.address;
  return address.find(':') == std::string::npos ? format("https://{}:{}/", address, core_->port)
                                                : format("https://[{}]:{}/", address, core_->port);
}
const std::string& HttpServer::certificate_file() const { return core_->certificate.file; }
const std::string& HttpServer::fingerprint() const { return core_->certificate.fingerprint; }
const ServerStatistics& HttpServer::statistics() const { return core_->statistics; }

}  // namespace halfcycle::web
