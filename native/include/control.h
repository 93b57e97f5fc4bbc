#pragma once
// How a long computation is watched and stopped.

#include <cmath>
#include <functional>
#include <limits>
#include <mutex>

#include "status.h"

namespace kairank {

struct Progress {
  double done = 0;  // units of work, of `total`
  double total = 0;
  double ndcg = std::numeric_limits<double>::quiet_NaN();  // best validation NDCG@10 so far
  double loss = std::numeric_limits<double>::quiet_NaN();  // of the last epoch, where there are epochs
};

/// Shared by the threads of one job. Progress may be reported from any of them.
class Control {
 public:
  Control() = default;
  /// `cancelled` is asked from every thread of the job; `report` is called from one at a time.
  Control(std::function<bool()> cancelled, std::function<void(const Progress&)> report)
      : cancelled_(std::move(cancelled)), report_(std::move(report)) {}

  bool cancelled() const { return cancelled_ && cancelled_(); }

  /// @throws Error(aborted) once the job was cancelled.
  void check() const {
    if (cancelled()) throw Error(Status::aborted, "The computation was cancelled.");
  }

  void begin(double total) {
    std::lock_guard<std::mutex> lock(mutex_);
    progress_ = Progress{};
    progress_.total = total;
  }

  void advance(double units) {
    std::lock_guard<std::mutex> lock(mutex_);
    progress_.done += units;
    if (report_) report_(progress_);
  }

  /// All is done, in fewer units than were announced or not.
  void finish() {
    std::lock_guard<std::mutex> lock(mutex_);
    progress_.done = progress_.total;
    if (report_) report_(progress_);
  }

  /// For a part of the job: stops with it, reports nothing.
  Control quiet() const { return Control(cancelled_, nullptr); }

  /// Keeps the best NDCG@10 for the reports to come.
  void found(double ndcg) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!(ndcg <= progress_.ndcg)) progress_.ndcg = ndcg;
  }

  /// Tells the loss of an epoch with the reports to come.
  void learnt(double loss) {
    std::lock_guard<std::mutex> lock(mutex_);
    progress_.loss = loss;
  }

 private:
  std::function<bool()> cancelled_;
  std::function<void(const Progress&)> report_;
  std::mutex mutex_;
  Progress progress_;
};

}  // namespace kairank
