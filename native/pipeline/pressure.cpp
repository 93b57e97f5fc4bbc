#include "pressure.h"

namespace kairank {

namespace {

constexpr double kShare = 1.0 / 64;  // of the newest request in the mean

void follow(std::atomic<double>& mean, double value) {
  const double before = mean.load(std::memory_order_relaxed);
  mean.store(before == 0 ? value : before + kShare * (value - before), std::memory_order_relaxed);
}

}  // namespace

const char* const kStageNames[kStages] = {"reasons", "ranker", "attention"};

void StageCosts::note(const StageTimes& times, uint32_t skipped) {
  // What was left out was not measured: the whole stays what whole requests take.
  if (skipped == 0) follow(whole_, times.whole);
  for (size_t s = 0; s < kStages; s++) {
    if (!((skipped >> s) & 1)) follow(stage_[s], times.stage[s]);
  }
}

StageTimes StageCosts::lately() const {
  StageTimes times;
  times.whole = whole_.load(std::memory_order_relaxed);
  for (size_t s = 0; s < kStages; s++) times.stage[s] = stage_[s].load(std::memory_order_relaxed);
  return times;
}

uint32_t stagesBeyond(const StageTimes& costs, double micros) {
  uint32_t skipped = 0;
  double left = costs.whole;
  for (size_t s = 0; s < kStages && left > micros; s++) {
    skipped |= 1u << s;
    left -= costs.stage[s];
  }
  return skipped;
}

uint32_t stagesUnder(double waited, double pressure) {
  if (!(pressure > 0)) return 0;
  uint32_t skipped = 0;
  for (size_t s = 0; s < kStages && waited > pressure; s++, pressure *= 2) skipped |= 1u << s;
  return skipped;
}

}  // namespace kairank
