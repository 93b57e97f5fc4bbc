#include "jobs.h"

#include <chrono>
#include <mutex>
#include <thread>

#include "../include/outcome.h"
#include "environment.h"
#include "errors.h"

namespace kairank::jobs {

namespace {

using Clock = std::chrono::steady_clock;
constexpr Clock::duration kProgressInterval = std::chrono::milliseconds(100);

struct Told {
  uint64_t done;
  uint64_t total;
  double ndcg;
  double loss;
};

class Job final : public JobContext, public OpenCall, public std::enable_shared_from_this<Job> {
 public:
  Job(Napi::Env env, Work work, Napi::Value onProgress, Convert convert)
      : environment_(Environment::of(env)),
        channel_(environment_.channel()),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {
    if (onProgress.IsFunction()) {
      onProgress_ = Napi::Persistent(onProgress.As<Napi::Function>());
    } else if (!onProgress.IsUndefined()) {
      throw Error(Status::invalidArgument, "onProgress: expected a function or undefined");
    }
  }

  // --- on the JavaScript thread -------------------------------------------------------------------------------

  Napi::Object start(Napi::Env env, const std::shared_ptr<Serial>& queue) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("promise", deferred_.Promise());
    const auto run = [self = shared_from_this()] { self->run(); };
    if (queue) {
      queue->run(run);
    } else {
      std::thread(run).detach();
    }
    number_ = environment_.admit(shared_from_this());
    object.Set("cancel", Environment::cancelFunction(env, number_));
    return object;
  }

  void cancel(Napi::Env env) override {
    cancelled_.store(true);
    if (settled_) return;
    settle();
    deferred_.Reject(codedError(env, Status::aborted, "The call was aborted.").Value());
  }

  void leave() noexcept override {
    cancelled_.store(true);
    settled_ = true;
    onProgress_.Reset();
  }

  void report(Napi::Env env, const Told& progress) {
    if (settled_ || onProgress_.IsEmpty()) return;
    try {
      Napi::Object told = Napi::Object::New(env);
      told.Set("done", static_cast<double>(progress.done));
      told.Set("total", static_cast<double>(progress.total));
      told.Set("ndcg", progress.ndcg);
      told.Set("loss", progress.loss);
      onProgress_.Call({told});
    } catch (const Napi::Error& error) {
      // The caller's own function failed: the job cannot go on as if it had been heard.
      cancelled_.store(true);
      settle();
      deferred_.Reject(error.Value());
    }
  }

  void finish(Napi::Env env) {
    if (settled_) return;
    settle();
    try {
      guard(env, [&] {
        if (!outcome_.ok()) throw Error(outcome_.status, outcome_.message);
        deferred_.Resolve(convert_(env));
      });
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

  // --- on the job's threads -----------------------------------------------------------------------------------

  const std::atomic<bool>& flag() const noexcept override { return cancelled_; }

  void progress(uint64_t done, uint64_t total, double ndcg, double loss) noexcept override;

 private:
  void settle() {
    settled_ = true;
    onProgress_.Reset();
    environment_.dismiss(number_);
  }

  void run() noexcept;

  Environment& environment_;  // JavaScript thread only
  std::shared_ptr<Channel> channel_;
  Napi::Promise::Deferred deferred_;
  Napi::FunctionReference onProgress_;
  uint64_t number_ = 0;
  bool settled_ = false;

  Work work_;
  Convert convert_;
  std::atomic<bool> cancelled_{false};
  std::mutex progressMutex_;
  Clock::time_point lastProgress_{};

  Outcome outcome_;  // written by the job's thread before the end is posted
};

class ProgressDelivery final : public Delivery {
 public:
  ProgressDelivery(std::shared_ptr<Job> job, const Told& progress) : job_(std::move(job)), progress_(progress) {}
  void deliver(Napi::Env env) override { job_->report(env, progress_); }

 private:
  std::shared_ptr<Job> job_;
  Told progress_;
};

class EndDelivery final : public Delivery {
 public:
  explicit EndDelivery(std::shared_ptr<Job> job) : job_(std::move(job)) {}
  void deliver(Napi::Env env) override { job_->finish(env); }

 private:
  std::shared_ptr<Job> job_;
};

void Job::progress(uint64_t done, uint64_t total, double ndcg, double loss) noexcept {
  if (cancelled()) return;
  try {
    {
      std::lock_guard<std::mutex> lock(progressMutex_);
      const Clock::time_point now = Clock::now();
      if (done < total && now - lastProgress_ < kProgressInterval) return;
      lastProgress_ = now;
    }
    channel_->post(std::make_shared<ProgressDelivery>(shared_from_this(), Told{done, total, ndcg, loss}));
  } catch (const std::exception&) {
    // Progress is advice: without memory to tell it, the work goes on untold.
  }
}

void Job::run() noexcept {
  try {
    outcome_ = outcomeOf([this] { work_(*this); });
    // What is large is freed here, not on the event loop.
    work_ = nullptr;
    if (cancelled()) convert_ = nullptr;
    channel_->post(std::make_shared<EndDelivery>(shared_from_this()));
  } catch (...) {
    // No memory even for the news of the end.
  }
}

}  // namespace

Napi::Object start(Napi::Env env, Work work, Napi::Value onProgress, Convert convert,
                   const std::shared_ptr<Serial>& queue) {
  return std::make_shared<Job>(env, std::move(work), onProgress, std::move(convert))->start(env, queue);
}

}  // namespace kairank::jobs
