#pragma once
// What a request goes without when time is short: stages are given up in a fixed order, the least missed first.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kairank {

/// Stages that can be left out, in the order in which they are.
enum class Stage : uint32_t { reasons, ranker, attention };
constexpr size_t kStages = 3;
extern const char* const kStageNames[kStages];

inline uint32_t stageBit(Stage stage) { return 1u << static_cast<uint32_t>(stage); }

/// What one request took, in microseconds: all of it, and of it the stages that can be left out.
struct StageTimes {
  double whole = 0;
  std::array<double, kStages> stage{};
};

/// What requests take lately, a moving mean over some sixty of them. Threads note without waiting for each other.
class StageCosts {
 public:
  void note(const StageTimes& times, uint32_t skipped);

  StageTimes lately() const;

 private:
  std::atomic<double> whole_{0};
  std::array<std::atomic<double>, kStages> stage_{};
};

/// Bits of the stages to leave out, in their order, for an answer within `micros`; all, where that is still too much.
uint32_t stagesBeyond(const StageTimes& costs, double micros);

/// The same for a request that waited `waited`, where `pressure` (both in microseconds) is what may wait without any
/// loss: one stage beyond that, and one more for every doubling. None where `pressure` is 0.
uint32_t stagesUnder(double waited, double pressure);

}  // namespace kairank
