#include "checkpoint.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "../../include/status.h"
#include "../../vector/crc32c.h"
#include "../../vector/file_io.h"

namespace kairank {

namespace {

constexpr char kMagic[8] = {'k', 'r', 's', 'e', 'q', 'c', 'p', '1'};
constexpr size_t kPiece = size_t{1} << 20;  // events whose fields are summed together

struct Header {
  char magic[8];
  uint64_t fingerprint;
  uint64_t size;  // weights
  uint64_t steps;
  double bestNdcg;
  double bestRecall;
  uint32_t epoch;
  uint32_t bestEpoch;
  uint32_t waited;
  uint32_t hasBest;
  uint32_t dataChecksum;
  uint32_t headChecksum;  // of what is above
};

uint32_t headSum(const Header& header) { return crc32c(&header, offsetof(Header, headChecksum)); }

/// The arrays of a checkpoint in the order of the file, to read or to write.
template <typename Checkpoint>
auto arraysOf(Checkpoint& state) {
  return std::array{&state.weights, &state.adam.first, &state.adam.second, &state.best};
}

/// Two checksums of everything that is fed in make one fingerprint.
class Fingerprint {
 public:
  void add(const void* data, size_t bytes) {
    low_ = crc32c(data, bytes, low_);
    high_ = crc32c(&low_, sizeof low_, crc32c(data, bytes, high_ ^ 0x5bd1e995u));
  }
  template <typename T>
  void add(const T& value) {
    add(&value, sizeof value);
  }
  template <typename T>
  void addAll(const std::vector<T>& values) {
    add(static_cast<uint64_t>(values.size()));
    add(values.data(), values.size() * sizeof(T));
  }
  void addAll(const Histories& histories) {
    addAll(histories.offsets);
    std::vector<uint8_t> packed;
    for (const HistoryEvent& event : histories.events) {
      // Field by field: what lies between them is anything.
      const auto push = [&packed](const void* field, size_t bytes) {
        const uint8_t* first = static_cast<const uint8_t*>(field);
        packed.insert(packed.end(), first, first + bytes);
      };
      push(&event.row, sizeof event.row);
      push(&event.type, sizeof event.type);
      push(&event.weight, sizeof event.weight);
      push(&event.at, sizeof event.at);
      if (packed.size() >= kPiece) {
        addAll(packed);
        packed.clear();
      }
    }
    addAll(packed);
  }
  uint64_t value() const { return (static_cast<uint64_t>(high_) << 32) | low_; }

 private:
  uint32_t low_ = 0;
  uint32_t high_ = 1;
};

}  // namespace

uint64_t trainingFingerprint(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run) {
  Fingerprint print;
  print.add(run.seed);
  for (const auto& [name, value] : named(settings)) {
    print.add(name.data(), name.size());
    print.add(value);
  }
  print.add(static_cast<uint32_t>(run.excludeSeen));
  print.add(data.items);
  print.addAll(data.train);
  print.addAll(data.validation.histories);
  print.addAll(data.validation.targetOffsets);
  print.addAll(data.validation.targets);
  return print.value();
}

void saveCheckpoint(const std::string& path, uint64_t fingerprint, const SequenceCheckpoint& checkpoint) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.fingerprint = fingerprint;
  header.size = checkpoint.weights.size();
  header.steps = checkpoint.steps;
  header.bestNdcg = checkpoint.bestNdcg;
  header.bestRecall = checkpoint.bestRecall;
  header.epoch = checkpoint.epoch;
  header.bestEpoch = checkpoint.bestEpoch;
  header.waited = checkpoint.waited;
  header.hasBest = !checkpoint.best.empty();
  OutputFile file(path);
  uint64_t at = sizeof header;
  for (const std::vector<float>* array : arraysOf(checkpoint)) {
    const size_t bytes = array->size() * sizeof(float);
    file.write(at, array->data(), bytes);
    header.dataChecksum = crc32c(array->data(), bytes, header.dataChecksum);
    at += bytes;
  }
  header.headChecksum = headSum(header);
  file.write(0, &header, sizeof header);
  file.commit();
}

std::optional<SequenceCheckpoint> loadCheckpoint(const std::string& path, uint64_t fingerprint) {
  try {
    const InputFile file(path);
    Header header{};
    if (file.size() < sizeof header) return std::nullopt;
    file.read(0, &header, sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.headChecksum != headSum(header) ||
        header.fingerprint != fingerprint) {
      return std::nullopt;
    }
    const uint64_t arrays = header.hasBest ? 4 : 3;
    const uint64_t bytes = header.size * sizeof(float);
    if (header.size > file.size() || file.size() != sizeof header + arrays * bytes) return std::nullopt;
    SequenceCheckpoint state;
    state.steps = header.steps;
    state.bestNdcg = header.bestNdcg;
    state.bestRecall = header.bestRecall;
    state.epoch = header.epoch;
    state.bestEpoch = header.bestEpoch;
    state.waited = header.waited;
    uint64_t at = sizeof header;
    uint32_t checksum = 0;
    for (std::vector<float>* array : arraysOf(state)) {
      if (array == &state.best && !header.hasBest) break;
      array->resize(header.size);
      file.read(at, array->data(), bytes);
      checksum = crc32c(array->data(), bytes, checksum);
      at += bytes;
    }
    if (checksum != header.dataChecksum) return std::nullopt;
    return state;
  } catch (const Error&) {
    return std::nullopt;
  }
}

CheckpointFile::CheckpointFile(std::string path, uint64_t fingerprint, double every)
    : path_(std::move(path)), fingerprint_(fingerprint), every_(every) {}

CheckpointFile checkpointFileOf(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run) {
  const uint64_t fingerprint = run.checkpoint.empty() ? 0 : trainingFingerprint(data, settings, run);
  return CheckpointFile(run.checkpoint, fingerprint, run.saveEvery);
}

std::optional<SequenceCheckpoint> CheckpointFile::load() const {
  return path_.empty() ? std::nullopt : loadCheckpoint(path_, fingerprint_);
}

void CheckpointFile::offer(const SequenceCheckpoint& state) {
  unsaved_ = true;
  if (secondsSince(saved_) >= every_) save(state);
}

void CheckpointFile::end(const SequenceCheckpoint& state) {
  if (unsaved_ && secondsSince(start_) >= every_) save(state);
}

void CheckpointFile::save(const SequenceCheckpoint& state) {
  if (!path_.empty()) saveCheckpoint(path_, fingerprint_, state);
  saved_ = Clock::now();
  unsaved_ = false;
}

}  // namespace kairank
