#include <algorithm>

#include "../include/status.h"
#include "file_parts.h"
#include "opened_file.h"
#include "section_writer.h"

namespace kairank {

void saveIndex(const VectorIndex& index, const std::string& path) { IndexFile::save(index, path); }

IndexFile::Plan IndexFile::plan(const VectorIndex& index) {
  Plan plan{};
  const uint32_t rows = index.rows_.load(std::memory_order_relaxed);
  plan.order = index.settings().graph ? orderByGraph(index.graph_, index.live_, index.gone_, rows)
                                      : orderAsTheyAre(index.live_, rows);
  uint64_t measuredAt = 0;
  plan.points = index.calibration_.points(measuredAt);
  if (plan.points.size() > kMostPoints) plan.points.clear();
  plan.header.changes = index.changes_.load(std::memory_order_relaxed) - measuredAt;
  describe(index, plan);
  return plan;
}

void IndexFile::describe(const VectorIndex& index, Plan& plan) {
  const IndexSettings& settings = index.settings();
  const FileOrder& order = plan.order;
  FileHeader& header = plan.header;
  header.magic = kFileMagic;
  header.version = kFileVersion;
  header.byteOrder = kByteOrder;
  header.dim = settings.dim;
  header.metric = static_cast<uint8_t>(settings.metric);
  header.storage = static_cast<uint8_t>(settings.storage);
  header.codes = static_cast<uint8_t>(settings.codes);
  header.flags = static_cast<uint8_t>((settings.graph ? kFlagGraph : 0) | (index.stringIds() ? kFlagStrings : 0));
  header.m = settings.m;
  header.efConstruction = settings.efConstruction;
  header.seed = settings.seed;
  header.rows = static_cast<uint32_t>(order.rows.size());
  header.dead = settings.graph ? static_cast<uint32_t>(index.dead_.size()) : 0;
  header.entry = settings.graph && header.rows > 0 ? order.places[index.graph_.entry()] : kNoRow;
  header.points = static_cast<uint32_t>(plan.points.size());
  header.inserted = index.inserted_;
  header.largestNorm = index.store_.largestNorm();
  header.worstLoss = index.store_.worstLoss();
  header.levels = order.levels;
  uint64_t texts = 0;
  if (index.stringIds()) {
    for (uint32_t row : order.rows) texts += index.live_.has(row) ? index.keys_.text(row).size() : 0;
  }
  header.sections = placeSections(header, texts);
}

void IndexFile::writeRows(const VectorIndex& index, const Plan& plan, SectionWriter& out) {
  const RowStore& store = index.store_;
  const auto write = [&](Section section, const Region& region, size_t stride) {
    out.begin(section);
    if (stride == 0) return;
    for (uint32_t row : plan.order.rows) out.append(region.data() + row * stride, stride);
  };
  write(Section::vectors, store.vectors(), store.vectorStride());
  write(Section::codes8, store.eightBit(), store.layout8().stride);
  write(Section::codes4, store.fourBit(), store.settings().codes == Codes::int4 ? store.fourBitStride() : 0);
}

void IndexFile::writeLinks(const VectorIndex& index, const Plan& plan, SectionWriter& out) {
  if (!index.settings().graph) return;
  const Graph& graph = index.graph_;
  const FileOrder& order = plan.order;
  const uint32_t rows = static_cast<uint32_t>(order.places.size());
  std::vector<uint32_t> links(graph.capacity(0));
  const auto write = [&](uint32_t row, uint32_t level) {
    const uint32_t most = graph.capacity(level);
    const uint32_t count = graph.read(row, level, rows, links.data());
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
      if (order.places[links[i]] != kNoRow) links[kept++] = order.places[links[i]];
    }
    std::fill(links.begin() + kept, links.begin() + most, kNoRow);
    out.append(links.data(), most * sizeof(uint32_t));
  };
  out.begin(Section::links);
  for (uint32_t row : order.rows) write(row, 0);
  out.begin(Section::upperLinks);
  for (uint32_t row : order.rows) {
    const uint32_t top = graph.level(row);
    if (top == 0) break;
    for (uint32_t level = 1; level <= top; level++) write(row, level);
  }
  out.begin(Section::dead);
  for (uint32_t row : index.dead_) out.append(order.places[row]);
}

/// Removed rows have no id: what they had may be gone already.
void IndexFile::writeIds(const VectorIndex& index, const Plan& plan, SectionWriter& out) {
  const KeyMap& keys = index.keys_;
  const auto live = [&index](uint32_t row) { return index.live_.has(row); };
  if (!keys.strings()) {
    out.begin(Section::numbers);
    for (uint32_t row : plan.order.rows) out.append(live(row) ? keys.number(row) : 0.0);
    return;
  }
  out.begin(Section::offsets);
  uint64_t end = 0;
  out.append(end);
  for (uint32_t row : plan.order.rows) {
    end += live(row) ? keys.text(row).size() : 0;
    out.append(end);
  }
  out.begin(Section::texts);
  for (uint32_t row : plan.order.rows) {
    if (live(row)) out.append(keys.text(row).data(), keys.text(row).size());
  }
}

void IndexFile::save(const VectorIndex& index, const std::string& path) {
  std::lock_guard<std::mutex> lock(index.writing_);
  index.check();
  Plan made = plan(index);
  OutputFile file(path);
  SectionWriter out(file, made.header);
  writeRows(index, made, out);
  writeLinks(index, made, out);
  writeIds(index, made, out);
  out.begin(Section::calibration);
  for (const CalibrationPoint& point : made.points) out.append(point);
  made.header.checksums = out.finish();
  const auto page = headerPage(made.header);
  file.write(0, page.data(), page.size());
  // What was written may have been altered where it came from, and would now have checksums that match.
  if (index.file_) index.file_->verifyRest();
  file.commit();
}

}  // namespace kairank
