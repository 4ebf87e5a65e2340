// SPDX-License-Identifier: Apache-2.0
#include "recorder/store.hpp"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "recorder/folder_lock.hpp"
#include "recorder/meter_recording.hpp"
#include "recorder/opening.hpp"
#include "recorder/reader.hpp"
#include "recorder/writer.hpp"

namespace halfcycle::recorder {
namespace {

using Clock = std::chrono::steady_clock;

// How often the rings are emptied between commits: what a page asks for is not older than this plus
// a commit, and the rings need hold no more.
constexpr std::chrono::milliseconds kDrainEvery{100};
// A commit that takes longer is worth telling.
constexpr double kSlowCommitSeconds = 2.0;

// The one place where the recorder looks at the time of day: when registers were written.
Instant wall_clock() {
  return Instant::from_unix_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

std::string advice(int error_number, const std::string& folder) {
  switch (error_number) {
    case SQLITE_FULL:
      return format("the disk of {} is full; free some space, or lower max_bytes of the store",
                    folder);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return format(
          "{} cannot be written any more; mount it for writing and give this user the "
          "right to write",
          folder);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return format("another program holds the store in {} locked; close it", folder);
    default:
      return format("the disk of {} fails; look at the system's log and at the disk", folder);
  }
}

using FileIdentity = std::pair<dev_t, ino_t>;

std::optional<FileIdentity> file_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0
             ? std::optional(FileIdentity{status.st_dev, status.st_ino})
             : std::nullopt;
}

}  // namespace

struct Store::State {
  State(std::string store_folder, StoreOptions store_options, Log& to, FolderLock folder_lock)
      : folder(std::move(store_folder)),
        path(folder + "/store.db"),
        options(std::move(store_options)),
        log(to),
        lock(std::move(folder_lock)),
        reader(path, options.vfs) {}

  void run();
  /// Asks for the waveforms that are awaited; no lock is held, for whoever answers may have locks
  /// of his own and come to attach() or detach() with them.
  void fetch_waveforms();
  /// One commit, told if it fails or works again. work_mutex is held.
  Result<void> commit();
  void tell(const Result<void>& done, double seconds);
  /// Begins a new file where somebody has removed or replaced the one in use. work_mutex is held.
  Result<void> mind_the_file();
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::uint64_t pending() const;
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] bool is_attached(std::string_view meter) const;
  /// What a query of a meter gives whose first commit is yet to come.
  template <class T>
  Result<T> or_nothing_yet(std::string_view meter, Result<T> result) const {
    const bool yet =
        !result && result.error().code == ErrorCode::InvalidSetup && is_attached(meter);
    return yet ? Result<T>(T{}) : std::move(result);
  }

  const std::string folder;
  const std::string path;
  const StoreOptions options;
  Log& log;
  FolderLock lock;
  Reader reader;
  std::string check;

  // What the storage thread works on.
  std::mutex work_mutex;
  std::unique_ptr<Writer> writer;
  std::vector<std::unique_ptr<MeterRecording>> recordings;
  std::uint64_t dropped_before = 0;  // by meters that are no longer attached, and waveforms
  std::vector<AwaitedWaveform> awaited;
  BlockEncoder encoder;  // of waveforms; storage thread
  Clock::time_point last_commit = Clock::now();
  std::optional<FileIdentity> file;  // nothing: not known

  // Its orders.
  std::mutex order_mutex;
  std::condition_variable ordered;
  std::condition_variable obeyed;
  bool stop = false;
  std::uint64_t asked = 0;
  std::uint64_t done = 0;
  Result<void> outcome;

  // What anybody may look at at any time.
  mutable std::mutex seen_mutex;
  StoreHealth health;
  std::vector<std::string> attached;
  std::atomic<std::uint64_t> latest_event{0};
  std::atomic<std::uint64_t> latest_disturbance{0};
  bool slow = false;
  int failures = 0;

  std::thread thread;
};

std::uint64_t Store::State::pending() const {
  std::uint64_t bytes = writer->batch().bytes();
  for (const auto& recording : recordings) {
    bytes += recording->open_bytes() + recording->intake().waiting_bytes();
  }
  return bytes;
}

bool Store::State::has_room() const {
  std::uint64_t bytes = writer->batch().bytes();
  for (const auto& recording : recordings) {
    bytes += recording->open_bytes();
  }
  return bytes < options.max_pending_bytes;
}

std::uint64_t Store::State::dropped() const {
  std::uint64_t sum = dropped_before;
  for (const auto& recording : recordings) {
    sum += recording->dropped();
  }
  return sum;
}

bool Store::State::is_attached(std::string_view meter) const {
  const std::lock_guard guard(seen_mutex);
  return std::find(attached.begin(), attached.end(), meter) != attached.end();
}

// What is written to a removed file is gone once the program ends, and nothing fails until then.
Result<void> Store::State::mind_the_file() {
  const auto now = file_of(path);
  if (!file || now == file) {
    return {};
  }
  log.write(
      LogLevel::Error, "store",
      format("{} was removed or replaced while it was in use: what it held is no longer kept. "
             "What is here now goes on; stop the meter before its data is moved",
             path));
  reader.forget();
  file = std::nullopt;
  return writer->reopen();
}

Result<void> Store::State::commit() {
  const bool room = has_room();
  for (const auto& recording : recordings) {
    recording->close_batch(room);
  }
  const auto begin = Clock::now();
  Result<void> committed = mind_the_file();
  committed = committed ? writer->commit(options.max_bytes, wall_clock()) : std::move(committed);
  const int number = committed ? SQLITE_OK : writer->error_number();
  if (!committed) {
    committed =
        fail(ErrorCode::Machine, "{} ({})", advice(number, folder), committed.error().message);
    // Some errors stay with the connection.
    if (++failures > 1 && number != SQLITE_FULL && number != SQLITE_BUSY) {
      static_cast<void>(writer->reopen());
    }
  } else {
    failures = 0;
    file = file ? file : file_of(path);
    latest_event.store(writer->latest_event(), std::memory_order_release);
    latest_disturbance.store(writer->latest_disturbance(), std::memory_order_release);
    for (const auto& recording : recordings) {
      recording->after_commit();
    }
  }
  last_commit = Clock::now();
  tell(committed, std::chrono::duration<double>(last_commit - begin).count());
  return committed;
}

void Store::State::tell(const Result<void>& committed, double seconds) {
  const std::uint64_t lost = dropped();
  std::string message;
  LogLevel level = LogLevel::Info;
  {
    const std::lock_guard guard(seen_mutex);
    if (!committed && health.writable) {
      level = LogLevel::Error;
      message = format(
          "nothing is stored any more: {}. Measuring goes on; up to {} MiB wait in "
          "memory, then new rows are dropped and counted",
          committed.error().message, options.max_pending_bytes >> 20U);
    } else if (committed && !health.writable) {
      message = format("stored again; {} records were dropped so far", lost);
    } else if (lost != 0 && health.dropped_records == 0) {
      level = LogLevel::Warning;
      message =
          "records are dropped: they come faster than they can be stored; record less often "
          "or use a faster disk";
    }
    const bool is_slow = seconds > kSlowCommitSeconds;
    if (message.empty() && is_slow && !slow) {
      level = LogLevel::Warning;
      message = format("a commit took {:.1f} s: the disk of {} is slow; measuring goes on", seconds,
                       folder);
    }
    slow = is_slow;
    health.writable = committed.has_value();
    health.message = committed ? std::string() : committed.error().message;
    health.pending_bytes = pending();
    health.dropped_records = lost;
    health.bytes = writer->used_bytes();
    health.last_commit_seconds = seconds;
  }
  if (!message.empty()) {
    log.write(level, "store", message);
  }
}

void Store::State::fetch_waveforms() {
  std::vector<AwaitedWaveform> waiting;
  bool room = false;
  {
    const std::lock_guard guard(work_mutex);
    waiting.swap(awaited);
    room = has_room();
  }
  std::vector<PendingWaveform> ready;
  std::uint64_t given_up = 0;
  std::erase_if(waiting, [&](const AwaitedWaveform& one) {
    std::vector<StoredWaveform> parts;
    if (room) {
      parts = (*one.read)(one.event);
    }
    if (parts.empty()) {
      const bool late = Clock::now() > one.until;
      given_up += late ? 1 : 0;
      return late;
    }
    for (StoredWaveform& part : parts) {
      PendingWaveform pending;
      pending.disturbance = one.disturbance;
      pending.part = static_cast<unsigned>(&part - parts.data());
      pending.data = encode_waveform(part.frames, part.lanes, part.inputs, encoder);
      pending.rms = encode_rms(part.rms, encoder);
      part.frames.clear();
      part.rms = {};
      pending.waveform = std::move(part);
      ready.push_back(std::move(pending));
    }
    return true;
  });
  const std::lock_guard guard(work_mutex);
  awaited.insert(awaited.end(), waiting.begin(), waiting.end());
  dropped_before += given_up;
  for (PendingWaveform& pending : ready) {
    writer->batch().waveforms.push_back(std::move(pending));
  }
}

void Store::State::run() {
  const auto interval = std::chrono::nanoseconds(options.commit_interval.count_ns());
  for (;;) {
    std::uint64_t order = 0;
    {
      std::unique_lock guard(order_mutex);
      ordered.wait_for(guard, std::min<std::chrono::nanoseconds>(kDrainEvery, interval),
                       [&] { return stop || asked != done; });
      if (stop && asked == done) {
        return;
      }
      order = asked;
    }
    Result<void> result;
    {
      const std::lock_guard guard(work_mutex);
      const bool room = has_room();
      for (const auto& recording : recordings) {
        recording->drain(room);
      }
    }
    fetch_waveforms();
    {
      const std::lock_guard guard(work_mutex);
      if (order != done || Clock::now() - last_commit >= interval) {
        result = commit();
      }
    }
    if (order != done) {
      const std::lock_guard guard(order_mutex);
      outcome = std::move(result);
      done = order;
      obeyed.notify_all();
    }
  }
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Store::~Store() {
  if (auto ok = close(); !ok) {
    state_->log.write(LogLevel::Error, "store",
                      format("what came last could not be stored: {}", ok.error().message));
  }
}

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, const StoreOptions& options,
                                           Log& log) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(ErrorCode::Machine, "cannot make the data folder {}: {}; name another", folder,
                error.message());
  }
  auto lock = FolderLock::take(folder);
  if (!lock) {
    return fail(lock.error());
  }
  auto state = std::make_unique<State>(folder, options, log, *std::move(lock));
  auto opened = open_file(state->path, options.vfs, wall_clock(), log);
  if (!opened) {
    return fail(ErrorCode::Machine, "{}: {}", state->path, opened.error().message);
  }
  state->writer = std::move(opened->writer);
  state->file = file_of(state->path);
  state->latest_event = state->writer->latest_event();
  state->latest_disturbance = state->writer->latest_disturbance();
  state->health.check = opened->check;
  state->health.path = state->path;
  state->health.max_bytes = options.max_bytes;
  state->health.bytes = state->writer->used_bytes();
  std::unique_ptr<Store> store(new Store(std::move(state)));
  store->state_->thread = std::thread([own = store->state_.get()] { own->run(); });
  return store;
}

Result<std::shared_ptr<Intake>> Store::attach(std::string_view meter, graph::Graph& graph,
                                              WaveformReader waveform) {
  if (state_->is_attached(meter)) {
    return fail(ErrorCode::InvalidSetup, "the meter '{}' is recorded already", meter);
  }
  const std::lock_guard guard(state_->work_mutex);
  if (auto ok = bring_back(*state_->writer, meter, graph, state_->log); !ok) {
    return fail(ok.error());
  }
  auto intake = std::make_shared<Intake>(std::string(meter), graph.compiled());
  state_->recordings.push_back(std::make_unique<MeterRecording>(intake, graph, std::move(waveform),
                                                                *state_->writer, state_->awaited));
  const std::lock_guard seen(state_->seen_mutex);
  state_->attached.emplace_back(meter);
  return intake;
}

void Store::detach(Intake& intake) {
  const std::lock_guard guard(state_->work_mutex);
  auto& recordings = state_->recordings;
  const auto at = std::find_if(recordings.begin(), recordings.end(), [&](const auto& recording) {
    return &recording->intake() == &intake;
  });
  if (at == recordings.end()) {
    return;
  }
  (*at)->close_batch(state_->has_room());
  state_->dropped_before += (*at)->dropped();
  const std::lock_guard seen(state_->seen_mutex);
  std::erase(state_->attached, intake.meter());
  recordings.erase(at);
}

Result<void> Store::flush() {
  std::unique_lock guard(state_->order_mutex);
  if (state_->stop) {
    return fail(ErrorCode::Machine, "the store is closed");
  }
  const std::uint64_t order = ++state_->asked;
  state_->ordered.notify_all();
  state_->obeyed.wait(guard, [&] { return state_->done >= order; });
  return state_->outcome;
}

Result<void> Store::close() {
  if (!state_->thread.joinable()) {
    return {};
  }
  Result<void> last = flush();
  {
    const std::lock_guard guard(state_->order_mutex);
    state_->stop = true;
    state_->ordered.notify_all();
  }
  state_->thread.join();
  return last;
}

Result<std::vector<LogInfo>> Store::logs(std::string_view meter) const {
  return state_->or_nothing_yet(meter, state_->reader.logs(meter));
}
Result<LogRows> Store::rows(std::string_view meter, std::string_view log,
                            const RowQuery& query) const {
  return state_->reader.rows(meter, log, query);
}
Result<std::vector<StoredEvent>> Store::events(std::string_view meter,
                                               const EventQuery& query) const {
  return state_->or_nothing_yet(meter, state_->reader.events(meter, query));
}
std::uint64_t Store::latest_event() const {
  return state_->latest_event.load(std::memory_order_acquire);
}
Result<std::vector<StoredDisturbance>> Store::disturbances(std::string_view meter,
                                                           const EventQuery& query) const {
  return state_->or_nothing_yet(meter, state_->reader.disturbances(meter, query));
}
std::uint64_t Store::latest_disturbance() const {
  return state_->latest_disturbance.load(std::memory_order_acquire);
}
Result<std::vector<StoredWaveform>> Store::waveforms(std::string_view meter,
                                                     std::uint64_t disturbance) const {
  return state_->reader.waveforms(meter, disturbance);
}
StoreHealth Store::health() const {
  const std::lock_guard guard(state_->seen_mutex);
  return state_->health;
}

double Store::storage_cpu_seconds() const {
  clockid_t clock{};
  timespec used{};
  if (!state_->thread.joinable() ||
      pthread_getcpuclockid(state_->thread.native_handle(), &clock) != 0 ||
      clock_gettime(clock, &used) != 0) {
    return kNotAvailable;
  }
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

}  // namespace halfcycle::recorder
