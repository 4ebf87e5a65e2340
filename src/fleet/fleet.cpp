// SPDX-License-Identifier: Apache-2.0
#include "fleet/fleet.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/format.hpp"
#include "fleet/attendant.hpp"
#include "fleet/measuring_thread.hpp"
#include "fleet/running_meter.hpp"
#include "fleet/shared_source.hpp"

namespace halfcycle::fleet {
namespace {

// Half cycles of the meters of a thread are spread over so many moments: enough that a value waits
// for few others, few enough that the thread does not wake for each.
constexpr std::int64_t kPhases = 8;
constexpr double kHalfCycleNs = 1e7;
// Beyond what may be late, for meters that share a grid.
constexpr double kSharedMarginSeconds = 0.5;

using MeterPointer = std::shared_ptr<RunningMeter>;

// Engines with the same key can use the same tables; those of one thread also one workspace.
std::string tables_key(const meter::MeterSetup& setup) {
  return format("{} {} {}", setup.sample_rate_hertz, setup.system.nominal_frequency_hertz,
                setup.inputs.has(Input::I5) ? 12 : 8);
}

Result<void> check(const FleetSetup& setup) {
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  if (!within(setup.waveform_seconds, 0.5, 60.0)) {
    return fail(ErrorCode::InvalidSetup, "waveform_seconds {:g} is not from 0.5 to 60",
                setup.waveform_seconds);
  }
  if (setup.threads > 1024) {
    return fail(ErrorCode::InvalidSetup, "threads {} is not from 0 (one a core) to 1024",
                setup.threads);
  }
  if (!within(setup.max_lag_seconds, 0.05, 60.0)) {
    return fail(ErrorCode::InvalidSetup, "max_lag_seconds {:g} is not from 0.05 to 60",
                setup.max_lag_seconds);
  }
  return {};
}

}  // namespace

struct Fleet::State {
  State(const FleetSetup& fleet_setup, Log& fleet_log)
      : setup(fleet_setup), log(fleet_log), attendant(fleet_setup, fleet_log) {}

  struct ThreadPlace {
    std::unique_ptr<MeasuringThread> thread;
    std::map<std::string, std::shared_ptr<metrology::EngineWorkspace>> workspaces;
    std::size_t next_phase = 0;
  };

  /// The thread with the least to do; another one is started while there may be more.
  ThreadPlace& place_for_next() {
    const auto least = std::min_element(
        threads.begin(), threads.end(),
        [&](const ThreadPlace& a, const ThreadPlace& b) { return planned(a) < planned(b); });
    if (threads.size() < setup.threads && (least == threads.end() || planned(*least) > 0.0)) {
      threads.push_back({std::make_unique<MeasuringThread>(format("measure {}", threads.size()),
                                                           [this] { attendant.wake(); }),
                         {},
                         0});
      return threads.back();
    }
    return *least;
  }
  double planned(const ThreadPlace& place) const {
    const auto at = promised.find(place.thread.get());
    return place.thread->load() + (at == promised.end() ? 0.0 : at->second);
  }

  const FleetSetup setup;
  Log& log;
  Attendant attendant;

  // Of the thread that calls apply() and stop().
  std::vector<ThreadPlace> threads;
  std::map<const MeasuringThread*, double> promised;
  std::map<std::string, std::shared_ptr<const metrology::EngineTables>> tables;
  std::map<std::string, MeasuringThread*> thread_of;  // by meter id

  mutable std::mutex mutex;
  std::vector<MeterPointer> meters;  // guarded by mutex
  std::uint64_t generation = 0;      // guarded by mutex
};

Fleet::Fleet(std::unique_ptr<State> state) : state_(std::move(state)) {}
Fleet::~Fleet() { stop(); }

Result<std::unique_ptr<Fleet>> Fleet::create(const FleetSetup& setup, Log& log) {
  if (auto ok = check(setup); !ok) {
    return fail(ok.error());
  }
  FleetSetup complete = setup;
  if (complete.threads == 0) {
    complete.threads = std::max(1U, std::thread::hardware_concurrency());
  }
  return std::unique_ptr<Fleet>(new Fleet(std::make_unique<State>(complete, log)));
}

namespace {

Result<void> check_ids(const std::vector<Entry>& entries, const std::vector<MeterPointer>& now) {
  std::set<std::string> ids;
  std::map<int, std::string> units;
  for (const Entry& entry : entries) {
    const MeterIdentity* identity = nullptr;
    if (const auto* plan = std::get_if<MeterPlan>(&entry)) {
      identity = &plan->identity;
    } else {
      const auto& id = std::get<std::string>(entry);
      const auto kept = std::find_if(now.begin(), now.end(), [&](const MeterPointer& meter) {
        return meter->identity().id == id;
      });
      if (kept == now.end()) {
        return fail(ErrorCode::InvalidSetup, "there is no meter '{}' to keep", id);
      }
      identity = &(*kept)->identity();
    }
    if (!ids.insert(identity->id).second) {
      return fail(ErrorCode::InvalidSetup,
                  "two meters have the id '{}'; give one of them another id", identity->id);
    }
    if (identity->unit_id != 0 && !units.emplace(identity->unit_id, identity->id).second) {
      return fail(ErrorCode::InvalidSetup,
                  "meters '{}' and '{}' both have the unit id {}; give one of them another",
                  units[identity->unit_id], identity->id, identity->unit_id);
    }
  }
  return {};
}

}  // namespace

Result<void> Fleet::apply(std::vector<Entry> entries) {
  State& state = *state_;
  std::vector<MeterPointer> before;
  {
    const std::scoped_lock lock(state.mutex);
    before = state.meters;
  }
  if (auto ok = check_ids(entries, before); !ok) {
    return ok;
  }

  // Everything that can fail comes before anything that changes.
  struct Start {
    MeterPointer meter;
    State::ThreadPlace* place = nullptr;
  };
  std::vector<MeterPointer> after;
  std::vector<Start> starts;
  state.promised.clear();
  state.threads.reserve(state.setup.threads);  // places stay where they are
  for (Entry& entry : entries) {
    if (const auto* id = std::get_if<std::string>(&entry)) {
      after.push_back(*std::find_if(before.begin(), before.end(), [&](const MeterPointer& meter) {
        return meter->identity().id == *id;
      }));
      continue;
    }
    auto& plan = std::get<MeterPlan>(entry);
    State::ThreadPlace& place = state.place_for_next();
    const std::string key = tables_key(plan.setup);
    auto& tables = state.tables[key];
    const metrology::EngineSetup engine{.system = plan.setup.system,
                                        .inputs = plan.setup.inputs,
                                        .sample_rate_hertz = plan.setup.sample_rate_hertz};
    if (!tables && plan.setup.sample_rate_hertz > 0.0 && !plan.setup.inputs.empty()) {
      tables = metrology::make_engine_tables(engine);
    }
    auto& workspace = place.workspaces[key];
    if (!workspace && tables) {
      workspace = metrology::make_engine_workspace(*tables);
    }
    plan.setup.engine_tables = tables;
    plan.setup.engine_workspace = workspace;
    auto meter = RunningMeter::create(std::move(plan), state.setup);
    if (!meter) {
      return fail(meter.error());
    }
    state.promised[place.thread.get()] += (*meter)->load();
    starts.push_back({*meter, &place});
    after.push_back(*std::move(meter));
  }

  std::vector<MeterPointer> going;
  std::copy_if(before.begin(), before.end(), std::back_inserter(going), [&](const MeterPointer& m) {
    return std::find(after.begin(), after.end(), m) == after.end();
  });
  halt(going);

  {
    const std::scoped_lock lock(state.mutex);
    state.meters = after;
    ++state.generation;
  }

  // One simulated grid for all meters of a thread that read the same one.
  std::map<std::pair<const State::ThreadPlace*, std::string>, std::shared_ptr<SharedSource>> shared;
  std::map<State::ThreadPlace*, std::vector<MeterPointer>> by_place;
  std::map<std::string, std::size_t> sharers;
  for (const Start& start : starts) {
    ++sharers[start.meter->share()];
  }
  for (const Start& start : starts) {
    const MeterPointer& meter = start.meter;
    if (!meter->share().empty() && sharers[meter->share()] > 1) {
      auto& grid = shared[{start.place, meter->share()}];
      if (!grid) {
        const double seconds = state.setup.max_lag_seconds + kSharedMarginSeconds;
        grid = std::make_shared<SharedSource>(
            meter->give_source(), meter->block_frames(),
            static_cast<std::size_t>(std::ceil(seconds * 1e9 / kHalfCycleNs)));
      }
      meter->use(grid->reader());
    }
    meter->attach(meter);
    const auto phase = static_cast<std::int64_t>(start.place->next_phase++) % kPhases;
    meter->set_phase(phase * static_cast<std::int64_t>(kHalfCycleNs) / kPhases);
    state.attendant.add(meter);
    state.thread_of[meter->identity().id] = start.place->thread.get();
    by_place[start.place].push_back(meter);
  }
  for (auto& [place, meters] : by_place) {
    place->thread->add(std::move(meters));
  }
  return {};
}

void Fleet::halt(const std::vector<std::shared_ptr<RunningMeter>>& meters) {
  State& state = *state_;
  std::map<MeasuringThread*, std::vector<MeterPointer>> by_thread;
  for (const MeterPointer& meter : meters) {
    by_thread[state.thread_of[meter->identity().id]].push_back(meter);
    state.thread_of.erase(meter->identity().id);
  }
  for (auto& [thread, group] : by_thread) {
    thread->remove(group);
  }
  for (const MeterPointer& meter : meters) {
    state.attendant.remove(meter);
    meter->release();
  }
}

void Fleet::stop() {
  std::vector<MeterPointer> running;
  {
    const std::scoped_lock lock(state_->mutex);
    running = state_->meters;
  }
  std::erase_if(running, [&](const MeterPointer& meter) {
    return !state_->thread_of.contains(meter->identity().id);
  });
  halt(running);
  state_->threads.clear();
}

std::vector<std::shared_ptr<LiveMeter>> Fleet::meters() const {
  const std::scoped_lock lock(state_->mutex);
  return {state_->meters.begin(), state_->meters.end()};
}

std::shared_ptr<LiveMeter> Fleet::find(std::string_view id) const {
  const std::scoped_lock lock(state_->mutex);
  for (const MeterPointer& meter : state_->meters) {
    if (meter->identity().id == id) {
      return meter;
    }
  }
  return nullptr;
}

std::shared_ptr<LiveMeter> Fleet::find_unit(std::uint8_t unit_id) const {
  const std::scoped_lock lock(state_->mutex);
  for (const MeterPointer& meter : state_->meters) {
    if (unit_id != 0 && meter->identity().unit_id == unit_id) {
      return meter;
    }
  }
  return nullptr;
}

std::uint64_t Fleet::generation() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->generation;
}

bool Fleet::all_ended() const {
  const std::scoped_lock lock(state_->mutex);
  return std::all_of(state_->meters.begin(), state_->meters.end(), [](const MeterPointer& meter) {
    const MeterState now = meter->status().state;
    return now == MeterState::Ended || now == MeterState::Failed;
  });
}

std::vector<std::uint64_t> Fleet::heartbeats() const {
  std::vector<std::uint64_t> beats;
  for (const auto& place : state_->threads) {
    beats.push_back(place.thread->heartbeat());
  }
  return beats;
}

std::vector<WaveformSnapshot> Fleet::captured(std::string_view id,
                                              const quality::VoltageEvent& event) const {
  return state_->attendant.find(id, event);
}

std::uint64_t Fleet::lost_captures() const { return state_->attendant.lost(); }

}  // namespace halfcycle::fleet
