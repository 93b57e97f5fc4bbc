#include "sequence_model.h"

#include <algorithm>
#include <cmath>

#include "../include/bits.h"
#include "../include/status.h"

namespace kairank {

namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalidArgument, message); }

bool usesKinds(const SequenceConfig& config) { return config.kinds.size() > 1; }

constexpr uint32_t kMostSequenceDim = 1024;
constexpr uint32_t kMostBlocks = 16;
constexpr uint32_t kMostWindow = 1024;
constexpr uint32_t kMostGaps = 64;

}  // namespace

void checkConfig(const SequenceConfig& config) {
  const auto within = [](uint32_t value, uint32_t most) { return value >= 1 && value <= most; };
  if (!within(config.items, kMaxRows)) refuse("sequence: items must be at least 1");
  if (!within(config.dim, kMostSequenceDim) || !within(config.blocks, kMostBlocks) ||
      !within(config.heads, kMaxHeads) || !within(config.hidden, 4 * kMostSequenceDim) ||
      !within(config.window, kMostWindow) || config.gaps > kMostGaps) {
    refuse(
        "sequence: dim must be from 1 to 1024, blocks from 1 to 16, heads from 1 to 64, hidden from 1 to 4096, window "
        "from 1 to 1024, gaps at most 64");
  }
  if (!(config.cosine >= 0 && config.cosine <= 1000)) refuse("sequence: cosine must be from 0 to 1000");
  if (config.dim % config.heads != 0) refuse("sequence: dim must be a multiple of heads");
  if (std::adjacent_find(config.kinds.begin(), config.kinds.end(), std::greater_equal<uint32_t>()) !=
          config.kinds.end() ||
      config.kinds.size() > 3 * 65536) {
    refuse("sequence: kinds must rise");
  }
}

uint32_t kindRow(const SequenceConfig& config, const HistoryEvent& event) {
  if (!usesKinds(config)) return kNoEmbedding;
  const auto at = std::lower_bound(config.kinds.begin(), config.kinds.end(), kindOf(event));
  if (at == config.kinds.end() || *at != kindOf(event)) return kNoEmbedding;
  return static_cast<uint32_t>(at - config.kinds.begin());
}

uint32_t gapRow(const SequenceConfig& config, const HistoryEvent* before, const HistoryEvent& event) {
  if (config.gaps == 0 || before == nullptr) return kNoEmbedding;
  const double seconds = (event.at - before->at) / 1000;
  // Events out of order, and times that are no numbers, count as no time at all.
  if (!(seconds >= 1)) return 0;
  const uint32_t whole = seconds >= 4e9 ? 0xFFFFFFFFu : static_cast<uint32_t>(seconds);
  return std::min(1 + floorLog2(whole), config.gaps - 1);
}

size_t firstFelt(const SequenceConfig& config, const HistoryEvent* events, size_t count) {
  // One event more than can be attended to, for the time between.
  const size_t reach = config.layers() * (config.window - 1) + 2;
  size_t first = count;
  for (size_t kept = 0; first > 0 && kept < reach; kept += felt(config, events[first])) first--;
  return first;
}

SequenceLayout::SequenceLayout(const SequenceConfig& config) {
  const auto add = [this](std::string name, size_t rows, size_t columns) {
    const size_t offset = size;
    tensors.push_back({std::move(name), rows, columns, offset});
    size += rows * columns;
    return offset;
  };
  const size_t dim = config.dim;
  add("items", config.items, dim);
  body = size;
  kinds = usesKinds(config) ? add("kinds", config.kinds.size(), dim) : size;
  gaps = config.gaps > 0 ? add("gaps", config.gaps, dim) : size;
  for (uint32_t b = 0; b < config.blocks; b++) {
    const std::string prefix = "blocks." + std::to_string(b) + ".";
    BlockLayout block;
    block.attentionGain = add(prefix + "attention.norm.gain", 1, dim);
    block.attentionBias = add(prefix + "attention.norm.bias", 1, dim);
    block.projection = add(prefix + "attention.projection.weight", 3 * dim, dim);
    block.projectionBias = add(prefix + "attention.projection.bias", 1, 3 * dim);
    block.distance = add(prefix + "attention.distance", config.heads, config.window);
    block.output = add(prefix + "attention.output.weight", dim, dim);
    block.outputBias = add(prefix + "attention.output.bias", 1, dim);
    block.feedGain = add(prefix + "feed.norm.gain", 1, dim);
    block.feedBias = add(prefix + "feed.norm.bias", 1, dim);
    block.widen = add(prefix + "feed.widen.weight", config.hidden, dim);
    block.widenBias = add(prefix + "feed.widen.bias", 1, config.hidden);
    block.narrow = add(prefix + "feed.narrow.weight", dim, config.hidden);
    block.narrowBias = add(prefix + "feed.narrow.bias", 1, dim);
    blocks.push_back(block);
  }
  finalGain = add("norm.gain", 1, dim);
  finalBias = add("norm.bias", 1, dim);
  if (!config.pooled) return;
  pool = add("pool.projection.weight", 2 * dim, dim);
  poolBias = add("pool.projection.bias", 1, 2 * dim);
  poolDistance = add("pool.distance", 1, config.window);
}

float scaleTo(float length, float* vector, size_t dim) {
  double squares = 0;
  for (size_t d = 0; d < dim; d++) squares += static_cast<double>(vector[d]) * vector[d];
  const float factor = squares > 0 ? static_cast<float>(length / std::sqrt(squares)) : 0;
  for (size_t d = 0; d < dim; d++) vector[d] *= factor;
  return factor;
}

std::vector<float> unitItems(const SequenceConfig& config, const float* weights) {
  const size_t dim = config.dim;
  std::vector<float> units(weights, weights + config.items * dim);
  for (size_t row = 0; row < config.items; row++) scaleTo(1, units.data() + row * dim, dim);
  return units;
}

void checkSequence(const SequenceModel& model) {
  checkConfig(model.config);
  if (model.weights.size() != SequenceLayout(model.config).size) refuse("sequence: the weights do not fit the config");
  if (!std::all_of(model.weights.begin(), model.weights.end(), [](float value) { return std::isfinite(value); })) {
    refuse("sequence: every weight must be finite");
  }
}

}  // namespace kairank
