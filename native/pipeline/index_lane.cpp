#include "index_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kairank {

namespace {

bool alike(const SearchOptions& a, const SearchOptions& b) {
  return a.k == b.k && a.path == b.path && a.ef == b.ef && a.recall == b.recall && a.selection == b.selection;
}

/// What stops the search of a group: what stops its only member, or the last of its deadlines.
Interrupt interruptOf(const std::vector<IndexSearch*>& group) {
  Interrupt interrupt;
  if (group.size() == 1) interrupt.cancelled = &group[0]->cancelled();
  interrupt.hasDeadline =
      std::all_of(group.begin(), group.end(), [](const IndexSearch* search) { return search->hasDeadline; });
  for (const IndexSearch* search : group) interrupt.deadline = std::max(interrupt.deadline, search->deadline);
  return interrupt;
}

}  // namespace

std::shared_ptr<Lane> IndexSearch::lane() const { return target; }

void IndexLane::serve(Task* const* tasks, size_t count) {
  std::vector<IndexSearch*> left;
  for (size_t i = 0; i < count; i++) left.push_back(static_cast<IndexSearch*>(tasks[i]));
  while (!left.empty()) {
    const SearchOptions& options = left.front()->options;
    const auto others = std::stable_partition(
        left.begin(), left.end(), [&options](const IndexSearch* search) { return alike(search->options, options); });
    std::vector<IndexSearch*> group(left.begin(), others);
    left.erase(left.begin(), others);
    const Outcome outcome = outcomeOf([&] { search(group); });
    for (IndexSearch* search : group) search->outcome = outcome;
  }
}

void IndexLane::search(const std::vector<IndexSearch*>& given) const {
  // The short ones first: a long one takes what they leave of the turn.
  std::vector<IndexSearch*> group = given;
  std::stable_sort(group.begin(), group.end(),
                   [](const IndexSearch* a, const IndexSearch* b) { return a->left() < b->left(); });
  uint32_t threads = 1;
  for (const IndexSearch* search : group) threads = std::max(threads, search->threads);

  const uint32_t dim = index_->settings().dim;
  std::vector<size_t> shares;
  size_t total = 0;
  for (const IndexSearch* search : group) {
    shares.push_back(std::min(search->left(), kSearchShare * threads - total));
    total += shares.back();
  }
  const auto nextOf = [dim](const IndexSearch& search) { return search.queries.data() + search.hits.size() * dim; };
  std::vector<float> joined;
  const float* queries = nextOf(*group[0]);
  if (group.size() > 1) {
    joined.reserve(total * dim);
    for (size_t i = 0; i < group.size(); i++) {
      const float* own = nextOf(*group[i]);
      joined.insert(joined.end(), own, own + shares[i] * dim);
    }
    queries = joined.data();
  }

  SearchOptions options = group[0]->options;
  options.interrupt = interruptOf(group);
  std::vector<SearchHits> found = index_->search(queries, total, options, threads);
  auto next = std::make_move_iterator(found.begin());
  for (size_t i = 0; i < group.size(); i++) {
    const auto end = next + static_cast<std::ptrdiff_t>(shares[i]);
    group[i]->hits.insert(group[i]->hits.end(), next, end);
    next = end;
  }
}

}  // namespace kairank
