#include <cmath>
#include <new>

#include "../include/status.h"
#include "file_parts.h"
#include "opened_file.h"

namespace kairank {

std::shared_ptr<VectorIndex> openIndex(const std::string& path, Verification verification) {
  return IndexFile::open(path, verification);
}

void IndexFile::loadRows(VectorIndex& index, OpenedFile& file) {
  RowStore& store = index.store_;
  const FileHeader& header = file.header();
  const bool four = store.settings().codes == Codes::int4;
  file.load(Section::vectors, store.vectors());
  file.load(Section::codes8, store.eightBit());
  if (four) file.load(Section::codes4, store.fourBit());
  store.restore(header.largestNorm, header.worstLoss);
  store.ensure(header.rows);
  file.watch(ColdPart::vectors, Section::vectors, store.vectors(), store.vectorStride());
  file.watch(ColdPart::codes8, Section::codes8, store.eightBit(), store.layout8().stride);
  if (four) {
    file.watch(ColdPart::walked, Section::codes4, store.fourBit(), store.fourBitStride());
  } else {
    file.watch(ColdPart::walked, Section::codes8, store.eightBit(), store.layout8().stride);
  }
  if (!store.settings().graph) return;

  Graph& graph = index.graph_;
  file.load(Section::links, graph.bottomRegion());
  file.load(Section::upperLinks, graph.upperRegion());
  graph.restore(header.rows, header.levels);
  if (header.entry != kNoRow) graph.enter(header.entry);
  index.inserted_ = header.inserted;
  index.linked_ = header.rows;
  file.watch(ColdPart::links, Section::links, graph.bottomRegion(), graph.capacity(0) * sizeof(uint32_t));
  file.watch(ColdPart::upperLinks, Section::upperLinks, graph.upperRegion(), graph.capacity(1) * sizeof(uint32_t));
}

void IndexFile::loadIds(VectorIndex& index, OpenedFile& file) {
  KeyMap& keys = index.keys_;
  const FileHeader& header = file.header();
  if (keys.strings()) {
    keys.reserveFile(header.rows, header.sections[static_cast<size_t>(Section::texts)].bytes);
    file.load(Section::offsets, keys.offsetRegion());
    file.load(Section::texts, keys.textRegion());
    file.watch(ColdPart::ids, Section::offsets, keys.offsetRegion(), sizeof(uint64_t));
  } else {
    file.load(Section::numbers, keys.numberRegion());
    file.watch(ColdPart::ids, Section::numbers, keys.numberRegion(), sizeof(double));
  }
  keys.ensure(header.rows);
  keys.setFile();
}

void IndexFile::restoreBits(VectorIndex& index, const OpenedFile& file) {
  const FileHeader& header = file.header();
  std::vector<uint32_t> dead(header.dead);
  file.read(Section::dead, dead.data());
  index.live_.ensure(header.rows);
  index.gone_.ensure(header.rows);
  index.live_.setFirst(header.rows);
  for (uint32_t row : dead) {
    if (row >= header.rows || index.gone_.has(row))
      file.refuse("is corrupt: its section 'removed rows' is of no index");
    index.gone_.set(row);
    index.live_.clear(row);
  }
  index.dead_ = std::move(dead);
  index.rows_.store(header.rows, std::memory_order_release);
  index.items_.store(header.rows - header.dead, std::memory_order_relaxed);
}

void IndexFile::restoreCalibration(VectorIndex& index, const OpenedFile& file) {
  const FileHeader& header = file.header();
  std::vector<CalibrationPoint> points(header.points);
  file.read(Section::calibration, points.data());
  uint32_t before = 0;
  for (const CalibrationPoint& point : points) {
    const bool possible = point.ef > before && point.ef <= kMaxEf && point.recall >= 0 && point.recall <= 1;
    if (!possible) file.refuse("is corrupt: its section 'calibration' is of no index");
    before = point.ef;
  }
  index.changes_.store(header.changes, std::memory_order_relaxed);
  index.calibration_.set(std::move(points), 0);
}

/// The first walk begins at the highest levels, whose few rows are at the beginning of the file.
void IndexFile::askForHubs(const VectorIndex& index, const OpenedFile& file) {
  if (!index.settings().graph) return;
  constexpr size_t kMostBytes = size_t{1} << 20;
  const uint32_t most = static_cast<uint32_t>(kMostBytes / index.store_.walked().stride);
  uint32_t rows = 0, blocks = 0;
  for (uint32_t level = kMaxLevel; level > 0 && rows + file.header().levels[level] <= most; level--) {
    rows += file.header().levels[level];
    blocks += file.header().levels[level] * level;
  }
  file.cold()->wantRange(ColdPart::walked, 0, rows);
  file.cold()->wantRange(ColdPart::upperLinks, 0, blocks);
}

std::shared_ptr<VectorIndex> IndexFile::open(const std::string& path, Verification verification) {
  try {
    auto file = std::make_unique<OpenedFile>(path);
    const FileHeader& header = file->header();
    const IndexSettings settings = settingsOf(header);
    if (header.rows > mostRows(settings)) throw std::bad_alloc();
    auto index = std::make_shared<VectorIndex>(settings, (header.flags & kFlagStrings) != 0);
    loadRows(*index, *file);
    loadIds(*index, *file);
    restoreBits(*index, *file);
    restoreCalibration(*index, *file);
    askForHubs(*index, *file);
    VectorIndex& opened = *index;
    opened.file_ = std::move(file);
    const auto prepareKeys = [&opened] {
      try {
        const std::lock_guard<std::mutex> lock(opened.keysMutex_);
        opened.findKeys();
      } catch (const std::bad_alloc&) {
        // Whoever asks for an id tries it again, as one does who asks before now.
      }
    };
    switch (verification) {
      case Verification::all:
        opened.file_->verifyAll();
        prepareKeys();
        break;
      case Verification::background: opened.file_->verifyInBackground(prepareKeys); break;
      case Verification::none: opened.file_->trust(); break;
    }
    return index;
  } catch (const std::bad_alloc&) {
    throw Error(Status::outOfMemory, "There is not enough memory for the index of the file '" + path + "'.");
  }
}

}  // namespace kairank
