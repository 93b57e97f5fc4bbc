#include "index.h"

#include <algorithm>
#include <cmath>

#include "../include/parallel.h"
#include "../include/status.h"
#include "../state/epochs.h"
#include "fit.h"

namespace kairank {

namespace {

constexpr size_t kScanOnlyRound = 8192;  // rows of a round where there is no graph
constexpr size_t kFewestDead = 512;      // removed rows before the graph is mended
constexpr size_t kDeadShare = 10;        // or one in so many of those linked
constexpr size_t kWriteChunk = 64;

IndexSettings checked(IndexSettings settings) {
  const auto refuse = [](const char* message) { throw Error(Status::invalidArgument, message); };
  if (settings.dim < 1 || settings.dim > kMaxDim) refuse("dim must be a whole number from 1 to 4096.");
  if (settings.m < 2 || settings.m > kMaxM) refuse("m must be a whole number from 2 to 256.");
  if (settings.efConstruction < 1 || settings.efConstruction > kMaxEf) {
    refuse("efConstruction must be a whole number from 1 to 1048576.");
  }
  return settings;
}

}  // namespace

/// Places of rows that nobody can know any more.
struct VectorIndex::Free {
  std::mutex mutex;
  std::vector<uint32_t> rows;

  struct Batch {
    std::shared_ptr<Free> free;
    std::vector<uint32_t> rows;
  };

  /// After the grace period the rows may be taken again.
  static void later(const std::shared_ptr<Free>& free, std::vector<uint32_t> rows, size_t bytes) {
    auto batch = std::make_unique<Batch>(Batch{free, std::move(rows)});
    epochs::retire(
        batch.release(),
        [](void* pointer) {
          const std::unique_ptr<Batch> due(static_cast<Batch*>(pointer));
          std::lock_guard<std::mutex> lock(due->free->mutex);
          due->free->rows.insert(due->free->rows.end(), due->rows.begin(), due->rows.end());
        },
        bytes);
  }
};

VectorIndex::VectorIndex(const IndexSettings& settings, bool stringIds)
    : store_(checked(settings)), graph_(settings), keys_(stringIds), free_(std::make_shared<Free>()) {
  const uint32_t most = mostRows(settings);
  keys_.reserve(most);
  live_.reserve(most);
  gone_.reserve(most);
}

VectorIndex::~VectorIndex() = default;

uint32_t VectorIndex::takeRow() {
  {
    std::lock_guard<std::mutex> lock(free_->mutex);
    if (!free_->rows.empty()) {
      const uint32_t row = free_->rows.back();
      free_->rows.pop_back();
      return row;
    }
  }
  const uint32_t row = rows_.load(std::memory_order_relaxed);
  if (row >= mostRows(settings())) throw Error(Status::outOfMemory, "The index is full.");
  store_.ensure(row + 1);
  if (settings().graph) graph_.ensure(row + 1);
  live_.ensure(row + 1);
  gone_.ensure(row + 1);
  {
    std::lock_guard<std::mutex> lock(keysMutex_);
    keys_.ensure(row + 1);
  }
  rows_.store(row + 1, std::memory_order_release);
  return row;
}

void VectorIndex::prepareBuilder(uint32_t threads) {
  if (settings().graph && (!builder_ || builder_->threads() != std::max(threads, 1u))) {
    builder_ = std::make_unique<GraphBuilder>(store_, graph_, &gone_, threads);
  }
}

VectorIndex::Put VectorIndex::put(const KeyList& ids, const float* vectors, uint32_t threads, Control& control) {
  if (ids.size() > 0 && ids.strings != keys_.strings()) {
    throw Error(Status::invalidArgument, keys_.strings() ? "ids must be strings." : "ids must be numbers.");
  }
  const size_t unfit = firstUnfit(vectors, ids.size(), settings().dim);
  if (unfit < ids.size()) {
    throw Error(Status::invalidArgument, "vectors[" + std::to_string(unfit) + "] must be " + kFitVector + ".");
  }
  Put result;
  std::lock_guard<std::mutex> lock(writing_);
  check();
  {
    std::lock_guard<std::mutex> keysLock(keysMutex_);
    findKeys();
  }
  epochs::collect();
  control.begin(static_cast<double>(ids.size()));
  prepareBuilder(threads);
  for (size_t begin = 0; begin < ids.size();) {
    control.check();
    const size_t round = settings().graph ? GraphBuilder::roundOf(linked_) : kScanOnlyRound;
    const size_t count = std::min(round, ids.size() - begin);
    putRound(ids, vectors, begin, count, threads, control, result);
    begin += count;
    control.advance(static_cast<double>(count));
    repair();
  }
  control.finish();
  return result;
}

void VectorIndex::putRound(const KeyList& ids, const float* vectors, size_t begin, size_t count, uint32_t threads,
                           const Control& control, Put& result) {
  const uint32_t dim = settings().dim;
  std::vector<uint32_t> rows;
  rows.reserve(count);
  try {
    for (size_t i = 0; i < count; i++) rows.push_back(takeRow());
    parallelFor(threads, count, kWriteChunk, control, [&](size_t, size_t from, size_t to) {
      std::vector<float> prepared(dim);
      for (size_t i = from; i < to; i++) {
        store_.prepare(vectors + (begin + i) * dim, prepared.data());
        store_.write(rows[i], prepared.data());
      }
    });
    if (settings().graph) {
      for (uint32_t row : rows) graph_.open(row, graph_.drawLevel(inserted_++));
      builder_->insert(rows.data(), rows.size(), rows_.load(std::memory_order_relaxed), control);
    }
  } catch (...) {
    // Nothing leads to these rows and none is live; but a search may have begun at the first row of a graph.
    if (settings().graph) {
      for (uint32_t row : rows) graph_.close(row);
    }
    Free::later(free_, std::move(rows), 0);
    throw;
  }
  linked_ += count;
  changes_.fetch_add(count, std::memory_order_relaxed);
  publish(ids, begin, rows, result);
}

/// Lets rows be found under their ids. A replaced row goes only after its successor has come. A search may meet both,
/// and then keeps the better one; or neither, when it was at the place of the one too early and at that of the other
/// too late: `publishing_` tells it that it may have.
void VectorIndex::publish(const KeyList& ids, size_t begin, const std::vector<uint32_t>& rows, Put& result) {
  std::lock_guard<std::mutex> lock(keysMutex_);
  const uint32_t bound = rows_.load(std::memory_order_relaxed);
  std::vector<std::shared_ptr<Selection>> selections;
  for (const std::weak_ptr<Selection>& weak : selections_) {
    if (std::shared_ptr<Selection> selection = weak.lock()) {
      selection->ensure(bound);
      selections.push_back(std::move(selection));
    }
  }
  reserveDead(rows.size());
  publishing_.fetch_add(1);
  size_t done = 0;
  try {
    for (; done < rows.size(); done++) {
      const uint32_t before = keys_.assign(ids, begin + done, rows[done]);
      if (before != kNoRow) {
        for (const std::shared_ptr<Selection>& selection : selections) {
          if (selection->has(before)) selection->add(rows[done]);
        }
      }
      live_.set(rows[done]);
      if (before == kNoRow) {
        result.added++;
      } else {
        result.replaced++;
        bury(before);
      }
    }
  } catch (...) {
    // No memory for an id: the rows that are left are in the graph, and go the way of removed ones.
    for (; done < rows.size(); done++) bury(rows[done]);
    publishing_.fetch_add(1);
    items_.store(keys_.size(), std::memory_order_relaxed);
    throw;
  }
  publishing_.fetch_add(1);
  items_.store(keys_.size(), std::memory_order_relaxed);
}

/// Room for rows to bury, so that burying cannot fail half way.
void VectorIndex::reserveDead(size_t more) {
  if (dead_.capacity() - dead_.size() < more) dead_.reserve(std::max(dead_.size() + more, dead_.capacity() * 2));
}

/// A row that is not to be found any more; the keys' lock is held.
void VectorIndex::bury(uint32_t row) {
  live_.clear(row);
  gone_.set(row);
  dead_.push_back(row);
  for (size_t i = 0; i < selections_.size();) {
    if (const std::shared_ptr<Selection> selection = selections_[i].lock()) {
      selection->drop(row);
      i++;
    } else {
      selections_[i] = selections_.back();
      selections_.pop_back();
    }
  }
}

size_t VectorIndex::remove(const KeyList& ids, uint32_t threads) {
  if (ids.size() > 0 && ids.strings != keys_.strings()) return 0;
  std::lock_guard<std::mutex> lock(writing_);
  check();
  size_t removed = 0;
  {
    std::lock_guard<std::mutex> keysLock(keysMutex_);
    findKeys();
    reserveDead(std::min(ids.size(), keys_.size()));
    for (size_t i = 0; i < ids.size(); i++) {
      const uint32_t row = keys_.erase(ids, i);
      if (row == kNoRow) continue;
      bury(row);
      removed++;
    }
    items_.store(keys_.size(), std::memory_order_relaxed);
  }
  changes_.fetch_add(removed, std::memory_order_relaxed);
  prepareBuilder(threads);
  repair();
  return removed;
}

/// Takes the dead rows out of the graph once they are many enough to be worth a pass over all links.
void VectorIndex::repair() {
  if (dead_.empty() || dead_.size() < std::max(kFewestDead, linked_ / kDeadShare)) return;
  const Control whole;  // half a repair would be none
  if (settings().graph) {
    builder_->remove(gone_, rows_.load(std::memory_order_relaxed), whole);
    for (uint32_t row : dead_) graph_.close(row);
  }
  for (uint32_t row : dead_) gone_.clear(row);
  linked_ -= std::min(linked_, dead_.size());
  const size_t bytes = dead_.size() * (store_.bytesARow() + graph_.bytesARow());
  Free::later(free_, std::move(dead_), bytes);
  dead_.clear();
  epochs::collect();
}

/// Makes the way from the ids of an opened file to their rows; the keys' lock is held. All ids are read for it, so they
/// are verified first.
void VectorIndex::findKeys() const {
  if (keys_.indexed()) return;
  for (const Section section : {Section::numbers, Section::offsets, Section::texts}) file_->verify(section);
  keys_.index(rows_.load(std::memory_order_relaxed), [this](uint32_t row) { return live_.has(row); });
}

bool VectorIndex::has(const KeyList& ids, size_t index) const {
  check();
  std::lock_guard<std::mutex> lock(keysMutex_);
  findKeys();
  return keys_.find(ids, index) != kNoRow;
}

bool VectorIndex::get(const KeyList& ids, size_t index, float* vector) const {
  check();
  const epochs::Guard guard;
  uint32_t row;
  {
    std::lock_guard<std::mutex> lock(keysMutex_);
    findKeys();
    row = keys_.find(ids, index);
  }
  if (row == kNoRow) return false;
  store_.read(row, vector);
  return true;
}

std::shared_ptr<Selection> VectorIndex::select(const KeyList& ids) {
  check();
  auto selection = std::make_shared<Selection>(mostRows(settings()));
  std::lock_guard<std::mutex> lock(keysMutex_);
  findKeys();
  selection->ensure(rows_.load(std::memory_order_acquire));
  for (size_t i = 0; i < ids.size(); i++) {
    const uint32_t row = keys_.find(ids, i);
    if (row != kNoRow) selection->add(row);
  }
  selections_.push_back(selection);
  return selection;
}

IndexFigures VectorIndex::figures() const {
  IndexFigures figures;
  figures.rows = rows_.load(std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(keysMutex_);
  figures.items = items_.load(std::memory_order_relaxed);
  figures.reusable = figures.rows - std::min<size_t>(figures.rows, figures.items);
  constexpr size_t kBits = 2;
  const size_t links = settings().graph ? graph_.bytesARow() : 0;
  figures.bytes = figures.rows * (store_.bytesARow() + links + sizeof(uint64_t)) + figures.rows * kBits / 8 +
                  keys_.bytes() + (settings().graph ? graph_.upperBytes() : 0);
  return figures;
}

}  // namespace kairank
