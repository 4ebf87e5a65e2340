// SPDX-License-Identifier: Apache-2.0
// The one thread of the servers that share an io_context.
//
//   IoThread io;
//   auto server = HttpServer::start(setup, io.context(), fleet, store, log);   // before run()
//   io.run();
//   io.stop();                 // then the servers may go
#pragma once

#include <memory>

namespace boost::asio {
class io_context;
}

namespace halfcycle::app {

class IoThread {
 public:
  IoThread();
  ~IoThread();  ///< stops
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  [[nodiscard]] boost::asio::io_context& context();
  void run();
  /// Returns when nothing runs any more. run() may be called again.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace halfcycle::app
