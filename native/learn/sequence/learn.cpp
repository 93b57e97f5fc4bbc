// Learning as `train` asks for it: what is open decided by a race, one whole training, its checkpoints.

#include <algorithm>
#include <cmath>

#include "../../include/clock.h"
#include "checkpoint.h"
#include "race.h"

namespace kairank {

namespace {

/// One whole training, from its checkpoint where there is one. `raced`: epochs that were trained to choose the
/// settings.
LearnedSequence train(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run, uint32_t raced,
                      Control& control) {
  const Clock::time_point start = Clock::now();
  LearnedSequence learned;
  SequenceReport& report = learned.report;
  SequenceTrainer trainer(data, settings, run, control);
  report.negatives = trainer.negatives();
  CheckpointFile file = checkpointFileOf(data, settings, run);
  if (std::optional<SequenceCheckpoint> before = file.load()) {
    trainer.resume(std::move(*before));
    report.resumed = trainer.checkpoint().epoch;
  }
  trainer.within(run.budget);
  control.begin(raced + trainer.planned());
  if (raced + report.resumed > 0) control.advance(raced + report.resumed);
  const auto tell = [&] {
    const SequenceCheckpoint& state = trainer.checkpoint();
    report.bestEpoch = state.bestEpoch;
    report.ndcg = std::max(0.0, state.bestNdcg);
    report.recall = state.bestRecall;
    report.seconds = secondsSince(start);
    report.outOfTime = trainer.outOfTime();
  };
  tell();
  while (!trainer.finished()) {
    report.epochs.push_back(trainer.epoch());
    tell();
    if (data.validation.count() > 0) control.found(report.ndcg);
    control.learnt(report.epochs.back().loss);
    control.advance(1);
    // An epoch that ended for want of time is not one that a later run could go on from.
    if (!report.outOfTime) file.offer(trainer.checkpoint());
  }
  if (!report.outOfTime) file.end(trainer.checkpoint());
  learned.settings = settings;
  learned.settings.window = trainer.config().window;
  learned.settings.negatives = report.negatives;
  learned.settings.epochs = trainer.planned();
  learned.settings.until = report.bestEpoch;
  learned.sequence = trainer.model();
  control.finish();
  return learned;
}

}  // namespace

LearnedSequence learnSequence(const Dataset& data, const SequenceSettings& given, const SequenceRun& run,
                              Control& control) {
  const Clock::time_point start = Clock::now();
  RaceResult raced = race(data, given, run, control);
  SequenceRun rest = run;
  if (run.budget > 0) rest.budget = std::max(1e-3, run.budget - secondsSince(start));
  LearnedSequence learned = train(data, raced.settings, rest, raced.epochs, control);
  learned.trials = std::move(raced.trials);
  return learned;
}

}  // namespace kairank
