#pragma once
// A training that was cut short goes on from a file, if the file is of the same training.

#include <cstdint>
#include <optional>
#include <string>

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

}  // namespace kairank
