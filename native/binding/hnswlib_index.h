#pragma once
// What the two indexes of the drop-in for hnswlib share: when they may be changed, their searches and their files.

#include <napi.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "../include/limits.h"
#include "../include/status.h"
#include "../vector/hnswlib/byte_stream.h"
#include "../vector/hnswlib/distance.h"
#include "../vector/hnswlib/nearest.h"
#include "errors.h"
#include "jobs.h"
#include "typed.h"

namespace kairank {

constexpr size_t kMaxU32 = 0xFFFFFFFFu;

/// An index that JavaScript changes and searches on one thread, while others may be writing it to files.
template <typename Index>
class HeldIndex {
 public:
  template <typename... Args>
  explicit HeldIndex(Args&&... args) : index_(std::forward<Args>(args)...) {}

  const Index& read() const { return index_; }

  /// To change it: waits for files that are being written, so that they hold what there was when they were begun.
  Index& change() {
    if (searches_ > 0) throw Error(Status::invalidArgument, "A filter cannot change the index that is being searched");
    std::unique_lock<std::mutex> lock(mutex_);
    written_.wait(lock, [this] { return writers_ == 0; });
    return index_;
  }

  /// While one of these lives, a search is running on the JavaScript thread, whose filter may call back.
  class Search {
   public:
    explicit Search(HeldIndex& held) : held_(held) { ++held_.searches_; }
    ~Search() { --held_.searches_; }
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;

   private:
    HeldIndex& held_;
  };

  /// While one of these lives, the index stays as it is; it may end on any thread.
  class Writing {
   public:
    explicit Writing(std::shared_ptr<HeldIndex> held) : held_(std::move(held)) {
      std::lock_guard<std::mutex> lock(held_->mutex_);
      ++held_->writers_;
    }
    ~Writing() {
      std::lock_guard<std::mutex> lock(held_->mutex_);
      --held_->writers_;
      held_->written_.notify_all();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

    const Index& index() const { return held_->index_; }

   private:
    std::shared_ptr<HeldIndex> held_;
  };

 private:
  Index index_;
  int searches_ = 0;  // JavaScript thread only
  std::mutex mutex_;
  std::condition_variable written_;
  int writers_ = 0;
};

/// A JavaScript function that is asked for each label.
class CallbackFilter final : public LabelFilter {
 public:
  explicit CallbackFilter(Napi::Function function) : function_(std::move(function)) {}

  bool accepts(uint64_t label) override {
    const Napi::Env env = function_.Env();
    Napi::HandleScope scope(env);
    return function_.Call({Napi::Number::New(env, static_cast<double>(label))}).ToBoolean().Value();
  }

 private:
  Napi::Function function_;
};

/// Tells the garbage collector how much native memory hangs on an object.
class ToldMemory {
 public:
  void tell(Napi::BasicEnv env, size_t bytes) {
    const int64_t now = static_cast<int64_t>(bytes);
    if (now != told_) Napi::MemoryManagement::AdjustExternalMemory(env, now - told_);
    told_ = now;
  }

 private:
  int64_t told_ = 0;
};

inline Space spaceOf(const Napi::Value& value) {
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  if (name == "l2") return Space::l2;
  if (name == "ip") return Space::ip;
  if (name == "cosine") return Space::cosine;
  refuse("space", "'l2', 'ip' or 'cosine'");
}

inline std::string pathOf(const Napi::Value& value) {
  if (!value.IsString()) refuse("path", "a string");
  return value.As<Napi::String>().Utf8Value();
}

inline bool flagOf(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) refuse(name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

/// Runs a search whose filter is `value`, null for none: `search(LabelFilter*)`. Returns a Float64Array: the distances,
/// nearest first, and then their labels.
template <typename Index, typename Fn>
Napi::Value searchWith(HeldIndex<Index>& held, const Napi::Value& value, Fn search) {
  const Napi::Env env = value.Env();
  std::vector<Hit> hits;
  if (value.IsNull()) {
    hits = search(nullptr);
  } else {
    if (!value.IsFunction()) refuse("filter", "a function or null");
    CallbackFilter filter(value.As<Napi::Function>());
    const typename HeldIndex<Index>::Search running(held);
    hits = search(&filter);
  }
  Napi::Float64Array out = Napi::Float64Array::New(env, 2 * hits.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    out[i] = hits[i].distance;
    out[hits.size() + i] = static_cast<double>(hits[i].label);
  }
  return out;
}

template <typename Index>
void writeFile(const Index& index, const std::string& path) {
  FileWriter writer(path);
  index.write(writer);
  writer.finish();
}

/// Writes a file on a thread of its own: NativeJob<void>. The file holds the index as it is now.
template <typename Index>
Napi::Object writeJob(Napi::Env env, const std::shared_ptr<HeldIndex<Index>>& held, const std::string& path) {
  auto writing = std::make_shared<typename HeldIndex<Index>::Writing>(held);
  return startJob(
      env,
      [writing, path](JobContext&) {
        writeFile(writing->index(), path);
        return true;
      },
      env.Undefined(), [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); });
}

}  // namespace kairank
