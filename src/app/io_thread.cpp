// SPDX-License-Identifier: Apache-2.0
#include "app/io_thread.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <thread>

namespace halfcycle::app {

struct IoThread::State {
  boost::asio::io_context context{1};
  std::thread thread;
};

IoThread::IoThread() : state_(std::make_unique<State>()) {}
IoThread::~IoThread() { stop(); }

boost::asio::io_context& IoThread::context() { return state_->context; }

void IoThread::run() {
  state_->context.restart();
  state_->thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "servers");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    const auto work = boost::asio::make_work_guard(state_->context);
    state_->context.run();
  });
}

void IoThread::stop() {
  if (state_->thread.joinable()) {
    state_->context.stop();
    state_->thread.join();
  }
}

}  // namespace halfcycle::app
