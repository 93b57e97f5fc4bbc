#pragma once
// A training that was cut short goes on from a file, if the file is of the same training.

#include <cstdint>
#include <optional>
#include <string>

#include "../../include/clock.h"
#include "../dataset.h"
#include "trainer.h"

namespace kairank {

/// Tells one training from another: its data, settings, seed and rule for seen items.
uint64_t trainingFingerprint(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run);

/// Replaces the file at `path`; what was there stays until all is on the disk.
/// @throws Error(io)
void saveCheckpoint(const std::string& path, uint64_t fingerprint, const SequenceCheckpoint& checkpoint);

/// What `saveCheckpoint` wrote for this fingerprint; nothing when there is no file, or it is another training's, or it
/// is not whole.
std::optional<SequenceCheckpoint> loadCheckpoint(const std::string& path, uint64_t fingerprint);

class CheckpointFile;

/// The file that `run` names, for a training with these settings.
CheckpointFile checkpointFileOf(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run);

/// The file of one training while it goes on. Without a path it keeps nothing.
class CheckpointFile {
 public:
  /// `every`: seconds of training that may be lost.
  CheckpointFile(std::string path, uint64_t fingerprint, double every);

  std::optional<SequenceCheckpoint> load() const;

  /// After an epoch: saved where the last time is long enough ago.
  /// @throws Error(io)
  void offer(const SequenceCheckpoint& state);
  /// At the end: it is worth keeping where the way was long, for what comes after it may be cut short, too.
  /// @throws Error(io)
  void end(const SequenceCheckpoint& state);

 private:
  void save(const SequenceCheckpoint& state);

  const std::string path_;
  const uint64_t fingerprint_;
  const double every_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point saved_ = start_;
  bool unsaved_ = false;
};

}  // namespace kairank
