#pragma once
// An index of vectors under ids: put, replaced and removed by one writer at a time, searched by any number of threads
// without locks meanwhile, exactly or through the graph.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../include/control.h"
#include "builder.h"
#include "calibration.h"
#include "costs.h"
#include "exact.h"
#include "graph.h"
#include "interrupt.h"
#include "keys.h"
#include "opened_file.h"
#include "rows.h"
#include "selection.h"

namespace kairank {

enum class SearchPath : uint8_t { automatic, exact, graph };

struct SearchOptions {
  uint32_t k = 10;
  SearchPath path = SearchPath::automatic;
  uint32_t ef = 0;   // 0: by `recall`
  float recall = 0;  // 0: no target, and a default ef
  std::shared_ptr<const Selection> selection;
  RowPredicate* const* predicates = nullptr;  // one a query, any of them null; null: none
  Interrupt interrupt;
};

struct SearchHits {
  std::vector<float> scores;
  std::vector<double> numbers;  // ids, of one kind
  std::vector<std::string> texts;
  std::vector<uint32_t> rows;  // for callers inside the engine; may be reused later
  SearchPath path = SearchPath::exact;
  uint32_t ef = 0;  // of the walk; 0 for an exact search
  bool underfilled = false;
};

struct IndexFigures {
  size_t items = 0;
  size_t bytes = 0;     // of rows, codes, links and ids
  size_t rows = 0;      // places taken, the reusable ones among them
  size_t reusable = 0;  // places of removed rows
};

class VectorIndex {
 public:
  VectorIndex(const IndexSettings& settings, bool stringIds);
  ~VectorIndex();
  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;

  const IndexSettings& settings() const { return store_.settings(); }
  bool stringIds() const { return keys_.strings(); }

  struct Put {
    size_t added = 0;
    size_t replaced = 0;
  };

  /// Puts n vectors (n x dim) under n ids; an id that is there already gets the new vector, and of equal ids in one
  /// call the last one counts. When the call is cancelled, what was put before stays.
  /// @throws Error(invalidArgument) for a wrong kind of ids, Error(outOfMemory), Error(aborted)
  Put put(const KeyList& ids, const float* vectors, uint32_t threads, Control& control);

  /// Returns how many of the ids were there.
  size_t remove(const KeyList& ids, uint32_t threads);

  bool has(const KeyList& ids, size_t index) const;
  /// The vector as it is kept; false when the id is not there.
  bool get(const KeyList& ids, size_t index, float* vector) const;
  size_t size() const { return items_.load(std::memory_order_relaxed); }

  /// Searches for `count` queries (count x dim).
  /// @throws Error(aborted), Error(deadlineExceeded)
  std::vector<SearchHits> search(const float* queries, size_t count, const SearchOptions& options,
                                 uint32_t threads) const;

  /// A live set of those of the ids that are there.
  std::shared_ptr<Selection> select(const KeyList& ids);

  /// Recall of walks by ef, on sampled queries; measures when the index has changed much since the last time.
  std::vector<CalibrationPoint> calibrate(const Interrupt& interrupt) const;

  IndexFigures figures() const;

 private:
  friend class IndexFile;
  struct Searcher;
  struct Free;

  uint32_t takeRow();
  void putRound(const KeyList& ids, const float* vectors, size_t begin, size_t count, uint32_t threads,
                const Control& control, Put& result);
  void publish(const KeyList& ids, size_t begin, const std::vector<uint32_t>& rows, Put& result);
  void bury(uint32_t row);
  void prepareBuilder(uint32_t threads);
  void repair();
  void reserveDead(size_t more);
  void findKeys() const;
  void check() const {
    if (file_) file_->check();
  }

  std::vector<SearchHits> answer(const float* queries, size_t count, const SearchOptions& options,
                                 uint32_t threads) const;
  void searchSome(const PreparedQuery* queries, size_t count, const SearchOptions& options, Searcher& searcher,
                  SearchHits* hits) const;
  bool walk(const PreparedQuery& query, RowPredicate* predicate, const SearchOptions& options, size_t budget,
            Searcher& searcher, SearchHits& hits) const;
  void scan(const PreparedQuery* queries, size_t count, const SearchOptions& options, Searcher& searcher,
            SearchHits* hits) const;
  void scanOnce(const PreparedQuery* queries, size_t count, const SearchOptions& options, Searcher& searcher,
                SearchHits* hits) const;
  void fill(const std::vector<ScoredRow>& best, uint32_t k, Searcher& searcher, SearchHits& hits) const;
  size_t eligibleRows(const SearchOptions& options) const;
  uint32_t efFor(const SearchOptions& options) const;
  uint32_t efAmong(const SearchOptions& options, size_t eligible) const;
  bool prefersScan(const SearchOptions& options, size_t eligible, size_t queries) const;
  void measure(const PreparedQuery& query, Searcher& searcher) const;
  std::vector<float> betweenNeighbours() const;

  RowStore store_;
  Graph graph_;
  mutable KeyMap keys_;  // mutable: the way from ids to rows of an opened file is made when it is first asked for
  RowBits live_;         // rows that may be results
  RowBits gone_;         // rows that are not live and still linked; the writer's
  std::atomic<uint32_t> rows_{0};
  std::atomic<size_t> items_{0};
  std::atomic<uint64_t> publishing_{0};  // goes up before and after rows change places; odd in between

  mutable std::mutex writing_;    // one writer
  mutable std::mutex keysMutex_;  // keys, selections; never held for long
  std::vector<uint32_t> dead_;    // rows in gone_, in order of their death
  std::shared_ptr<Free> free_;
  std::unique_ptr<GraphBuilder> builder_;
  uint64_t inserted_ = 0;
  size_t linked_ = 0;
  std::atomic<uint64_t> changes_{0};
  std::vector<std::weak_ptr<Selection>> selections_;

  mutable Costs costs_;
  mutable Calibration calibration_;
  std::unique_ptr<OpenedFile> file_;  // that the index was opened from; null for one that was made
};

}  // namespace kairank
