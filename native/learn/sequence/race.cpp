#include "race.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "batches.h"
#include "checkpoint.h"

namespace kairank {

namespace {

constexpr double kCosine = 14;  // the scale that served every shop we know
// A racer trains one of so many epochs that are planned. In a fifth of them the pooled intent, which learns faster, won
// where half of them, and all, told the truth.
constexpr uint32_t kRaceShare = 2;
constexpr uint32_t kLeastRace = 3;    // epochs
constexpr double kRaceBudget = 0.5;   // of the budget, all racers together
constexpr double kLeastBudget = 60;   // seconds; a shorter budget is better spent on one training
constexpr double kMostBeyond = 0.02;  // histories beyond the window that are too few to ask for a wider one

class Race {
 public:
  Race(const Dataset& data, const SequenceSettings& first, const SequenceRun& run, uint32_t racers, Control& control)
      : data_(data), run_(run), control_(control), quiet_(control.quiet()), budget_(kRaceBudget * run.budget / racers) {
    out.settings = first;
    const uint32_t planned = SequenceTrainer(data, first, run, quiet_).planned();
    epochs_ = std::max(kLeastRace, planned / kRaceShare);
    control.begin(static_cast<double>(racers) * epochs_ + planned);
  }

  /// Trains shortly, or goes on where a run before was cut short; keeps the settings where they are better than the
  /// best so far: clearly, if they cost more.
  void enter(SequenceSettings settings, bool costsMore) {
    const SequenceSettings entered = settings;
    settings.epochs = epochs_;
    SequenceTrainer trainer(data_, settings, run_, quiet_);
    SequenceRun own = run_;
    if (!own.checkpoint.empty()) own.checkpoint += "." + std::to_string(out.trials.size());
    CheckpointFile file = checkpointFileOf(data_, settings, own);
    if (std::optional<SequenceCheckpoint> before = file.load()) trainer.resume(std::move(*before));
    trainer.within(budget_);
    const SequenceCheckpoint& state = trainer.checkpoint();
    uint32_t trained = 0;
    for (; !trainer.finished(); trained++) {
      control_.learnt(trainer.epoch().loss);
      control_.advance(1);
      if (!trainer.outOfTime()) file.offer(state);
    }
    file.end(state);
    control_.advance(epochs_ - std::min(epochs_, trained));
    out.epochs += epochs_;
    out.trials.push_back({named(settings), state.bestNdcg, state.bestRecall});
    control_.found(state.bestNdcg);
    std::vector<CaseQuality> qualities = trainer.qualities();
    const auto wins = [&] {
      return costsMore ? clearlyBetter(qualities, reached_) : meanQuality(qualities).ndcg > meanQuality(reached_).ndcg;
    };
    if (!reached_.empty() && !wins()) return;
    reached_ = std::move(qualities);
    out.settings = entered;
  }

  RaceResult out;

 private:
  const Dataset& data_;
  const SequenceRun& run_;
  Control& control_;
  Control quiet_;
  const double budget_;  // of a racer, seconds
  uint32_t epochs_ = 0;
  std::vector<CaseQuality> reached_;
};

bool startedBefore(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run) {
  return !run.checkpoint.empty() &&
         loadCheckpoint(run.checkpoint, trainingFingerprint(data, settings, run)).has_value();
}

}  // namespace

RaceResult race(const Dataset& data, const SequenceSettings& given, const SequenceRun& run, Control& control) {
  SequenceSettings first = given;
  first.cosine = std::max(0.0, given.cosine);
  first.pooled = std::max(0.0, given.pooled);
  if (given.window == 0) first.window = windowOf(data.train);
  const uint32_t wider = given.window == 0 ? widerWindow(data.train, first.window, kMostBeyond) : 0;
  struct Challenge {
    bool costsMore;
    std::function<void(SequenceSettings&)> change;
  };
  std::vector<Challenge> challenges;
  if (given.cosine < 0) challenges.push_back({false, [](SequenceSettings& rival) { rival.cosine = kCosine; }});
  if (given.pooled < 0) challenges.push_back({false, [](SequenceSettings& rival) { rival.pooled = 1; }});
  if (wider > 0) challenges.push_back({true, [wider](SequenceSettings& rival) { rival.window = wider; }});
  if (challenges.empty() || data.validation.count() == 0) return {first, {}, 0};
  // Whatever won a race before: one of all that can.
  for (uint32_t won = 0; won < 1u << challenges.size(); won++) {
    SequenceSettings settings = first;
    for (size_t i = 0; i < challenges.size(); i++) {
      if ((won >> i) & 1) challenges[i].change(settings);
    }
    if (startedBefore(data, settings, run)) return {settings, {}, 0};
  }
  if (run.budget > 0 && run.budget < kLeastBudget) return {first, {}, 0};
  Race running(data, first, run, static_cast<uint32_t>(1 + challenges.size()), control);
  running.enter(first, false);
  for (const Challenge& challenge : challenges) {
    SequenceSettings rival = running.out.settings;
    challenge.change(rival);
    running.enter(rival, challenge.costsMore);
  }
  return running.out;
}

}  // namespace kairank
