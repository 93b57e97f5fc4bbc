#pragma once
// Settings of the sequence model that short trainings decide by validation.

#include "trainer.h"

namespace kairank {

struct RaceResult {
  SequenceSettings settings;  // nothing is left to be chosen
  std::vector<Trial> trials;
  uint32_t epochs = 0;  // that were trained
};

/// Decides what `given` leaves open, one thing after another, its rate falling in each training as that of a long one
/// does: whether scores are inner products or cosines, whether an intent is pooled, and whether the next wider window
/// is worth its price where some histories are longer than the window. The first of each where there are no cases, or
/// where the budget is better spent on one training; what a checkpoint says has been decided already.
/// Tells `control` of the epochs of the race and of a whole training after it.
RaceResult race(const Dataset& data, const SequenceSettings& given, const SequenceRun& run, Control& control);

}  // namespace kairank
