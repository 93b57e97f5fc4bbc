#include "labelled_rows.h"

#include <algorithm>

#include "../../include/limits.h"
#include "../../include/status.h"

namespace kairank {
namespace {

/// What one entry of the table of labels takes, about: its node and its bucket.
constexpr size_t kLabelBytes = 48;

}  // namespace

LabelledRows::LabelledRows(Space space, size_t dim, uint64_t capacity)
    : metric_(space, dim), capacity_(capacity), rows_(dim) {}

LabelledRows::LabelledRows(Space space, size_t dim, const HnswlibRows& from)
    : LabelledRows(space, dim, from.maxElements) {
  for (uint32_t row = 0; row < from.labels.size(); ++row) {
    if (rowOf_.count(from.labels[row]) != 0) repeated_ = true;
    append(from.vectors.data() + row * dim, from.labels[row]);
  }
}

void LabelledRows::append(const float* ready, uint64_t label) {
  const uint32_t row = size();
  rows_.put(row, ready);
  labels_.push_back(label);
  try {
    rowOf_[label] = row;
  } catch (...) {
    labels_.pop_back();
    throw;
  }
}

void LabelledRows::add(const float* point, uint64_t label) {
  std::vector<float> ready(point, point + metric_.dim());
  metric_.prepare(ready.data());
  if (repeated_) remove(label);
  const auto found = rowOf_.find(label);
  if (found != rowOf_.end()) {
    rows_.put(found->second, ready.data());
    return;
  }
  if (size() >= std::min<uint64_t>(capacity_, kMaxRows)) {
    // The end of line is hnswlib's own.
    throw Error(Status::invalidArgument, "The number of elements exceeds the specified limit\n");
  }
  append(ready.data(), label);
}

void LabelledRows::remove(uint64_t label) {
  const auto found = rowOf_.find(label);
  if (found == rowOf_.end()) return;
  if (!repeated_) {
    removeRow(found->second);
    return;
  }
  for (uint32_t row = size(); row-- > 0;) {
    if (labels_[row] == label) removeRow(row);
  }
}

void LabelledRows::removeRow(uint32_t row) {
  rowOf_.erase(labels_[row]);
  const uint32_t last = size() - 1;
  if (row != last) {
    rows_.put(row, rows_.row(last));
    labels_[row] = labels_[last];
    // Of a label of several rows the table knows the last one, or none once that is gone: `remove` looks at them all.
    const auto moved = rowOf_.find(labels_[row]);
    if (moved != rowOf_.end() && moved->second == last) moved->second = row;
  }
  labels_.pop_back();
}

std::vector<Hit> LabelledRows::search(const float* query, size_t k, LabelFilter* filter) const {
  std::vector<float> ready(query, query + metric_.dim());
  metric_.prepare(ready.data());
  Nearest nearest(k);
  float distances[kScanRows];
  for (uint32_t first = 0; first < size(); first += kScanRows) {
    const uint32_t count = std::min(kScanRows, size() - first);
    rows_.distances(metric_, ready.data(), first, count, distances);
    for (uint32_t i = 0; i < count; ++i) {
      const Hit hit{distances[i], labels_[first + i]};
      if (nearest.wants(hit) && (!filter || filter->accepts(hit.label))) nearest.put(hit);
    }
  }
  return nearest.take();
}

void LabelledRows::write(ByteWriter& to) const {
  writeHnswlibRows(to, metric_.dim(), capacity_, size(), [&](uint32_t row) {
    HnswlibElement element;
    element.label = labels_[row];
    element.vector = rows_.row(row);
    return element;
  });
}

size_t LabelledRows::bytes() const { return rows_.bytes() + labels_.size() * (sizeof(uint64_t) + kLabelBytes); }

}  // namespace kairank
