// SPDX-License-Identifier: Apache-2.0
// For tests: an SQLite VFS whose disk can be made to fail, to tear a write, to lose what was not
// synced (a power cut), to be full, or to stand still. Syncs cost nothing.
//
//   FaultyVfs vfs("faulty");          // registered under that name while it lives
//   vfs.cut_at(17, seed);             // at the 17th write, sync or truncation from now
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace halfcycle::recorder {

class FaultyVfs {
 public:
  explicit FaultyVfs(std::string name)
      : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File));
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~FaultyVfs() { sqlite3_vfs_unregister(&vfs_); }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  /// The n-th operation from now fails once with this code; a write leaves half of its bytes.
  void fail_at(std::int64_t n, int code) {
    const std::lock_guard lock(mutex_);
    fail_at_ = operations_ + n;
    fail_code_ = code;
  }
  /// At the n-th operation from now the power goes: of the writes since the latest sync of their
  /// file some are there, some not, some half; nothing works afterwards.
  void cut_at(std::int64_t n, std::uint32_t seed) {
    const std::lock_guard lock(mutex_);
    cut_at_ = operations_ + n;
    random_.seed(seed);
  }
  /// Every write, sync and truncation fails with this code until it is 0.
  void refuse(int code) {
    const std::lock_guard lock(mutex_);
    refuse_code_ = code;
  }
  /// Syncs wait while it is closed.
  void close_gate(bool closed) {
    const std::lock_guard lock(mutex_);
    gate_closed_ = closed;
    gate_.notify_all();
  }
  [[nodiscard]] std::int64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
  }
  [[nodiscard]] bool is_cut() const {
    const std::lock_guard lock(mutex_);
    return cut_;
  }

 private:
  struct Undo {
    sqlite3_int64 offset = 0;
    std::vector<char> old;
    sqlite3_int64 old_size = 0;
  };
  struct Inner {
    FaultyVfs* owner = nullptr;
    std::unique_ptr<char[]> memory;
    std::vector<Undo> unsynced;
    [[nodiscard]] sqlite3_file* real() const {
      return reinterpret_cast<sqlite3_file*>(memory.get());
    }
  };
  struct File {
    sqlite3_file base;
    Inner* inner;
  };

  static FaultyVfs& self(sqlite3_vfs* vfs) { return *static_cast<FaultyVfs*>(vfs->pAppData); }
  static Inner& inner(sqlite3_file* file) { return *reinterpret_cast<File*>(file)->inner; }
  static sqlite3_file* real(sqlite3_file* file) { return inner(file).real(); }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    FaultyVfs& owner = self(vfs);
    auto own = std::make_unique<Inner>();
    own->owner = &owner;
    own->memory = std::make_unique<char[]>(static_cast<std::size_t>(owner.real_->szOsFile));
    file->pMethods = nullptr;
    const int code = owner.real_->xOpen(owner.real_, path, own->real(), flags, out);
    if (code == SQLITE_OK) {
      file->pMethods = &methods();
      const std::lock_guard lock(owner.mutex_);
      owner.files_.push_back(own.get());
      reinterpret_cast<File*>(file)->inner = own.release();
    }
    return code;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
    FaultyVfs& owner = self(vfs);
    return owner.is_cut() ? SQLITE_IOERR_DELETE : owner.real_->xDelete(owner.real_, path, sync);
  }

  // What becomes of the next operation: SQLITE_OK, or the code it fails with. mutex_ is held.
  int next_outcome() {
    ++operations_;
    if (cut_at_ != 0 && operations_ >= cut_at_ && !cut_) {
      cut_ = true;
      for (Inner* file : files_) {
        lose_unsynced(*file);
      }
    }
    if (cut_) {
      return SQLITE_IOERR;
    }
    if (fail_at_ != 0 && operations_ == fail_at_) {
      return fail_code_;
    }
    return refuse_code_;
  }
  void lose_unsynced(Inner& file) {
    for (auto undo = file.unsynced.rbegin(); undo != file.unsynced.rend(); ++undo) {
      const auto fate = random_() % 4;
      if (fate == 0) {
        continue;  // reached the disk
      }
      const std::size_t bytes = fate == 1 ? undo->old.size() / 2 : undo->old.size();
      sqlite3_file* real_file = file.real();
      if (bytes != 0) {
        real_file->pMethods->xWrite(real_file, undo->old.data(), static_cast<int>(bytes),
                                    undo->offset);
      }
      if (fate != 1) {
        sqlite3_int64 size = 0;
        real_file->pMethods->xFileSize(real_file, &size);
        if (size > undo->old_size) {
          real_file->pMethods->xTruncate(real_file, undo->old_size);
        }
      }
    }
    file.unsynced.clear();
  }

  static int close(sqlite3_file* file) {
    const std::unique_ptr<Inner> own(reinterpret_cast<File*>(file)->inner);
    FaultyVfs& owner = *own->owner;
    const std::lock_guard lock(owner.mutex_);
    std::erase(owner.files_, own.get());
    return own->real()->pMethods->xClose(own->real());
  }
  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    Inner& own = inner(file);
    FaultyVfs& owner = *own.owner;
    const std::lock_guard lock(owner.mutex_);
    const int code = owner.next_outcome();
    sqlite3_file* real_file = own.real();
    if (code != SQLITE_OK) {
      if (!owner.cut_ && code != SQLITE_FULL && code != SQLITE_READONLY) {
        real_file->pMethods->xWrite(real_file, bytes, count / 2, offset);
      }
      return code;
    }
    Undo undo{offset, std::vector<char>(static_cast<std::size_t>(count)), 0};
    real_file->pMethods->xFileSize(real_file, &undo.old_size);
    real_file->pMethods->xRead(real_file, undo.old.data(), count, offset);
    if (undo.old_size < offset + count) {
      undo.old.resize(
          static_cast<std::size_t>(std::clamp<sqlite3_int64>(undo.old_size - offset, 0, count)));
    }
    own.unsynced.push_back(std::move(undo));
    return real_file->pMethods->xWrite(real_file, bytes, count, offset);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Inner& own = inner(file);
    const std::lock_guard lock(own.owner->mutex_);
    const int code = own.owner->next_outcome();
    return code != SQLITE_OK ? code : own.real()->pMethods->xTruncate(own.real(), size);
  }
  static int sync(sqlite3_file* file, int /*flags*/) {
    Inner& own = inner(file);
    FaultyVfs& owner = *own.owner;
    std::unique_lock lock(owner.mutex_);
    owner.gate_.wait(lock, [&] { return !owner.gate_closed_; });
    const int code = owner.next_outcome();
    if (code == SQLITE_OK) {
      own.unsynced.clear();
    }
    return code;
  }

  // The rest is the machine's own.
  static int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, n, at);
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) {
    return real(f)->pMethods->xFileSize(real(f), out);
  }
  static int lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
  static int unlock(sqlite3_file* f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
  }
  static int reserved(sqlite3_file* f, int* out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
  }
  static int control(sqlite3_file* f, int op, void* arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
  }
  static int sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
  static int traits(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
  static int shm_map(sqlite3_file* f, int page, int n, int extend, volatile void** out) {
    return real(f)->pMethods->xShmMap(real(f), page, n, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int at, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
  }
  static void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
  static int shm_unmap(sqlite3_file* f, int remove_it) {
    return real(f)->pMethods->xShmUnmap(real(f), remove_it);
  }
  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods kMethods{2,           close,     read,    write,   truncate,
                                             sync,        size,      lock,    unlock,  reserved,
                                             control,     sector,    traits,  shm_map, shm_lock,
                                             shm_barrier, shm_unmap, nullptr, nullptr};
    return kMethods;
  }

  const std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  mutable std::mutex mutex_;
  std::condition_variable gate_;
  std::vector<Inner*> files_;
  std::mt19937 random_;
  std::int64_t operations_ = 0;
  std::int64_t fail_at_ = 0;
  std::int64_t cut_at_ = 0;
  int fail_code_ = 0;
  int refuse_code_ = 0;
  bool cut_ = false;
  bool gate_closed_ = false;
};

}  // namespace halfcycle::recorder
