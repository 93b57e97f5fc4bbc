#pragma once
// Long native work (training, evaluation, filling an index) as a promise. A job has a thread of its own, or one that it
// shares with jobs that must not overtake it: requests never wait behind it.

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "../include/control.h"
#include "../pipeline/serial.h"

namespace kairank {

/// What running work may ask and tell; safe to use from every thread that the work starts.
class JobContext {
 public:
  virtual ~JobContext() = default;

  /// True once the caller cancelled or went away. Work that sees it returns or throws as soon as it can; what it
  /// returns is dropped.
  bool cancelled() const noexcept { return flag().load(std::memory_order_relaxed); }
  virtual const std::atomic<bool>& flag() const noexcept = 0;

  /// Told to `onProgress` at most about ten times a second, the end always. `ndcg` and `loss` are NaN while there is
  /// none.
  virtual void progress(uint64_t done, uint64_t total, double ndcg, double loss) noexcept = 0;
};

/// A Control that speaks through a job.
struct JobControl : Control {
  explicit JobControl(JobContext& context)
      : Control([&context] { return context.cancelled(); },
                [&context](const Progress& progress) {
                  context.progress(static_cast<uint64_t>(progress.done), static_cast<uint64_t>(progress.total),
                                   progress.ndcg, progress.loss);
                }) {}
};

namespace jobs {

using Work = std::function<void(JobContext&)>;
using Convert = std::function<Napi::Value(Napi::Env)>;

Napi::Object start(Napi::Env env, Work work, Napi::Value onProgress, Convert convert,
                   const std::shared_ptr<Serial>& queue);

}  // namespace jobs

/// Runs `work(JobContext&)` on its own thread and returns the NativeJob { promise, cancel() } of src/native.ts.
/// `onProgress` is a function or undefined. `convert(env, result)` turns what `work` returned into JavaScript, on the
/// JavaScript thread; both are destroyed on either thread, so they capture native data only, by value. The promise
/// rejects with the code of what `work` threw, with KAIRANK_ABORTED after cancel(), and with what `onProgress` threw.
/// With a `queue` the job runs after those that were started with it before, on their thread.
template <typename Fn, typename Convert>
Napi::Object startJob(Napi::Env env, Fn work, Napi::Value onProgress, Convert convert,
                      const std::shared_ptr<Serial>& queue = nullptr) {
  using Result = decltype(work(std::declval<JobContext&>()));
  auto result = std::make_shared<std::optional<Result>>();
  auto sharedWork = std::make_shared<Fn>(std::move(work));
  auto sharedConvert = std::make_shared<Convert>(std::move(convert));
  return jobs::start(
      env, [result, sharedWork](JobContext& context) { result->emplace((*sharedWork)(context)); }, onProgress,
      [result, sharedConvert](Napi::Env env) -> Napi::Value { return (*sharedConvert)(env, **result); }, queue);
}

}  // namespace kairank
