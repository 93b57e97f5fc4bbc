#pragma once
// Puts rows into the graph and takes them out, on several threads and with the same result on any number of them: rows
// come in rounds; those of a round search the graph as it was before the round, and then what they found is linked back
// row by row, in order (the batches of ParlayANN, Manohar et al. 2024, section 3).

#include <cstdint>
#include <memory>
#include <vector>

#include "../include/control.h"
#include "beam.h"
#include "graph.h"
#include "rows.h"

namespace kairank {

class GraphBuilder {
 public:
  /// `gone` has the bits of rows that nothing new should lead to; null for none.
  GraphBuilder(const RowStore& store, Graph& graph, const RowBits* gone, uint32_t threads);
  ~GraphBuilder();

  uint32_t threads() const { return threads_; }

  /// Rows that may join a graph of `linked` rows in one round: few enough that not knowing each other costs nothing.
  static size_t roundOf(size_t linked) { return linked / kRoundShare + 1; }

  /// Links rows that have been written and opened. `bound` is above every row number in the graph and in `rows`.
  void insert(const uint32_t* rows, size_t count, uint32_t bound, const Control& control);

  /// Links a row anew whose vector has changed. `moved` is a bitmap of no rows, for the builder's use.
  void relink(uint32_t row, RowBits& moved, uint32_t bound);

  /// Takes rows out: whoever led to one of them is linked to what it led to (the consolidation of FreshDiskANN, Singh
  /// et al. 2021, algorithm 4). `gone` has the rows' bits.
  void remove(const RowBits& gone, uint32_t bound, const Control& control);

 private:
  static constexpr size_t kRoundShare = 48;

  struct Link {
    uint32_t to;
    uint32_t from;
  };
  struct Worker;

  void searchOne(Worker& worker, uint32_t row, uint32_t bound);
  void linkBack(uint32_t bound);
  void linkBackAt(uint32_t level, uint32_t bound);
  void mergeOne(Worker& worker, uint32_t level, const Link* links, size_t count, uint32_t bound);
  void mendOne(Worker& worker, uint32_t row, uint32_t level, const RowBits& gone, uint32_t bound);
  void reenter(const RowBits& gone, uint32_t bound);
  void select(Worker& worker, uint32_t row, uint32_t most);
  void rank(Worker& worker, uint32_t row);

  const RowStore& store_;
  Graph& graph_;
  const RowBits* const gone_;
  const uint32_t threads_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Link> back_[kMaxLevel + 1];  // by level
};

}  // namespace kairank
