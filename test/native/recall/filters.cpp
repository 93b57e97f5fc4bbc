// Filters and the bitmaps they keep, against a plain evaluation of every item, while items come, change and go.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../../../native/include/status.h"
#include "../../../native/recall/eligibility.h"
#include "../../../native/state/epochs.h"
#include "../check.h"

using namespace kairank;

namespace {

/// An item as a test thinks of it.
struct Item {
  bool there = false;
  double number = std::nan("");
  Truth truth = kAbsent;
  std::string category;  // empty: absent
  std::set<std::string> tags;
};

enum Column : uint32_t { kNumber, kBoolean, kCategory, kTags };

std::vector<ColumnSpec> specs() {
  return {{"price", ColumnKind::number},
          {"stock", ColumnKind::boolean},
          {"brand", ColumnKind::category},
          {"tags", ColumnKind::tags}};
}

void addCells(const Item& item, Columns& columns, std::vector<Cell>& cells) {
  std::vector<Cell> own(4);
  own[kNumber].number = item.number;
  own[kBoolean].truth = item.truth;
  if (!item.category.empty()) own[kCategory].code = columns.internCode(kCategory, item.category);
  for (const std::string& tag : item.tags) own[kTags].tagCodes.push_back(columns.internCode(kTags, tag));
  cells.insert(cells.end(), own.begin(), own.end());
}

Item randomItem(std::mt19937& random) {
  Item item;
  item.there = true;
  if (random() % 5) item.number = static_cast<double>(random() % 10);
  item.truth = static_cast<Truth>(random() % 3);
  if (random() % 5) item.category = "c" + std::to_string(random() % 6);
  for (unsigned i = random() % 4; i > 0; --i) item.tags.insert("t" + std::to_string(random() % 5));
  return item;
}

FilterStep randomLeaf(std::mt19937& random) {
  FilterStep step;
  step.column = random() % 4;
  const unsigned kind = random() % 6;
  if (kind == 0) {
    step.op = FilterOp::all;
  } else if (kind == 1) {
    step.op = FilterOp::has;
  } else if (kind == 2) {
    step.op = FilterOp::range;
    step.column = kNumber;
    step.min = random() % 3 ? static_cast<double>(random() % 10) : -std::numeric_limits<double>::infinity();
    step.max = random() % 3 ? step.min + random() % 5 : std::numeric_limits<double>::infinity();
    step.minOpen = random() % 2;
    step.maxOpen = random() % 2;
  } else {
    step.op = FilterOp::oneOf;
    for (unsigned i = random() % 4; i > 0; --i) {
      if (step.column == kNumber) step.numbers.push_back(static_cast<double>(random() % 10));
      if (step.column == kBoolean) (random() % 2 ? step.acceptTrue : step.acceptFalse) = true;
      if (step.column == kCategory) step.texts.push_back("c" + std::to_string(random() % 9));
      if (step.column == kTags) step.texts.push_back("t" + std::to_string(random() % 8));
    }
  }
  return step;
}

void randomProgram(std::mt19937& random, int depth, std::vector<FilterStep>& steps) {
  const unsigned kind = depth == 0 ? 3 : random() % 4;
  FilterStep step;
  if (kind == 3) {
    steps.push_back(randomLeaf(random));
    return;
  }
  if (kind == 2) {
    randomProgram(random, depth - 1, steps);
    step.op = FilterOp::negation;
  } else {
    step.op = kind == 0 ? FilterOp::conjunction : FilterOp::disjunction;
    step.operands = random() % 4;
    for (uint32_t i = 0; i < step.operands; ++i) randomProgram(random, depth - 1, steps);
  }
  steps.push_back(step);
}

bool passes(const FilterStep& leaf, const Item& item) {
  if (leaf.op == FilterOp::all) return true;
  if (leaf.op == FilterOp::range) {
    return !std::isnan(item.number) && (leaf.minOpen ? item.number > leaf.min : item.number >= leaf.min) &&
           (leaf.maxOpen ? item.number < leaf.max : item.number <= leaf.max);
  }
  const bool has = leaf.op == FilterOp::has;
  const auto named = [&leaf](const std::string& text) {
    return std::find(leaf.texts.begin(), leaf.texts.end(), text) != leaf.texts.end();
  };
  switch (leaf.column) {
    case kNumber:
      return !std::isnan(item.number) &&
             (has || std::find(leaf.numbers.begin(), leaf.numbers.end(), item.number) != leaf.numbers.end());
    case kBoolean:
      if (item.truth == kAbsent) return false;
      return has || (item.truth == kTrue ? leaf.acceptTrue : leaf.acceptFalse);
    case kCategory: return !item.category.empty() && (has || named(item.category));
    default: return !item.tags.empty() && (has || std::any_of(item.tags.begin(), item.tags.end(), named));
  }
}

bool passes(const std::vector<FilterStep>& steps, const Item& item) {
  if (!item.there) return false;
  std::vector<bool> stack;
  for (const FilterStep& step : steps) {
    if (step.op == FilterOp::negation) {
      stack.back() = !stack.back();
    } else if (step.op == FilterOp::conjunction || step.op == FilterOp::disjunction) {
      bool result = step.op == FilterOp::conjunction;
      for (uint32_t i = 0; i < step.operands; ++i) {
        result = step.op == FilterOp::conjunction ? result && stack.back() : result || stack.back();
        stack.pop_back();
      }
      stack.push_back(result);
    } else {
      stack.push_back(passes(step, item));
    }
  }
  return stack.back();
}

/// The index and its model side by side.
struct Shop {
  EligibilityIndex index{specs()};
  std::vector<Item> items;

  void put(uint32_t row, const Item& item) {
    std::vector<Cell> cells;
    addCells(item, index.columns(), cells);
    index.put({row}, cells);
    if (items.size() <= row) items.resize(row + 1);
    items[row] = item;
  }
  void remove(uint32_t row) {
    CHECK(index.remove(row) == (row < items.size() && items[row].there));
    if (row < items.size()) items[row].there = false;
  }
  void compare(uint64_t handle, const std::vector<FilterStep>& steps) {
    const std::shared_ptr<LiveFilter> filter = index.filter(handle);
    epochs::Guard guard;
    const RowBitmap::View view = index.eligible(filter.get());
    uint32_t passed = 0;
    for (uint32_t row = 0; row < items.size(); ++row) {
      const bool expected = passes(steps, items[row]);
      passed += expected;
      const bool got = row < view.rows && ((view.words[row >> 6].load() >> (row & 63)) & 1);
      CHECK_THAT(got == expected, "row " << row << " of " << items.size());
    }
    CHECK(index.count(filter.get()) == passed);
  }
};

void againstEveryItem() {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Shop shop;
    std::vector<std::pair<uint64_t, std::vector<FilterStep>>> filters;
    const auto compile = [&] {
      std::vector<FilterStep> steps;
      randomProgram(random, 3, steps);
      const uint64_t handle = shop.index.compile(steps);
      if (random() % 2) shop.compare(handle, steps);  // some are built now, some later
      filters.emplace_back(handle, steps);
    };
    for (int i = 0; i < 8; ++i) compile();
    for (int i = 0; i < 400; ++i) {
      const uint32_t row = random() % (seed % 3 == 0 ? 2000 : 200);
      if (random() % 4 == 0) {
        shop.remove(row);
      } else {
        shop.put(row, randomItem(random));
      }
      if (i % 80 == 40) compile();
    }
    for (const auto& [handle, steps] : filters) shop.compare(handle, steps);
    uint32_t there = 0;
    for (uint32_t row = 0; row < shop.items.size(); ++row) {
      there += shop.items[row].there;
      CHECK(shop.index.has(row) == shop.items[row].there);
    }
    CHECK(shop.index.items() == there && shop.index.count(nullptr) == there);
  }
}

FilterStep below(double number) {
  FilterStep step;
  step.op = FilterOp::range;
  step.column = kNumber;
  step.min = -std::numeric_limits<double>::infinity();
  step.max = number;
  return step;
}

void equalFiltersShareAndOldOnesGo() {
  Shop shop;
  const uint64_t first = shop.index.compile({below(1)});
  CHECK(shop.index.compile({below(1)}) == first);
  FilterStep ab;
  ab.op = FilterOp::oneOf;
  ab.column = kTags;
  ab.texts = {"a", "b"};
  FilterStep ba = ab;
  ba.texts = {"b", "a", "b"};
  const uint64_t second = shop.index.compile({ab});
  CHECK_THAT(shop.index.compile({ba}) == second, "the order of values does not matter");
  std::shared_ptr<LiveFilter> held = shop.index.filter(second);
  for (size_t i = 0; i < EligibilityIndex::kMaxFilters - 1; ++i) {
    shop.index.compile({below(10.0 + static_cast<double>(i))});
    shop.index.filter(first);  // in use, so it stays
  }
  CHECK(shop.index.filter(first) != nullptr);
  bool gone = false;
  try {
    shop.index.filter(second);
  } catch (const Error& error) {
    gone = error.status() == Status::notFound;
  }
  CHECK(gone);
  epochs::Guard guard;
  shop.index.eligible(held.get());  // a request that holds it still works
  CHECK(shop.index.compile({ab}) != second);
}

void refused(std::vector<FilterStep> steps, const char* why) {
  EligibilityIndex index(specs());
  bool threw = false;
  try {
    index.compile(std::move(steps));
  } catch (const Error& error) {
    threw = error.status() == Status::invalidArgument;
  }
  CHECK_THAT(threw, why);
}

void wrongProgramsAreRefused() {
  FilterStep all;
  FilterStep negation;
  negation.op = FilterOp::negation;
  FilterStep both;
  both.op = FilterOp::conjunction;
  both.operands = 2;
  FilterStep outside = below(1);
  outside.column = 4;
  FilterStep notNumbers = below(1);
  notNumbers.column = kTags;
  FilterStep texts;
  texts.op = FilterOp::oneOf;
  texts.column = kNumber;
  texts.texts = {"a"};
  FilterStep nan = below(std::nan(""));
  refused({}, "nothing");
  refused({negation}, "nothing to negate");
  refused({all, both}, "one of two operands");
  refused({all, all}, "two results");
  refused({outside}, "no such column");
  refused({notNumbers}, "a range of tags");
  refused({texts}, "text of a number");
  refused({nan}, "NaN");
  refused(std::vector<FilterStep>(kMaxFilterSteps + 1), "too long");
}

/// Builders, writers and readers at once; in the end the bitmaps are right.
void builtWhileItemsMove() {
  constexpr uint32_t kRows = 20000;
  Shop shop;
  std::mt19937 random(5);
  for (uint32_t row = 0; row < kRows; ++row) shop.put(row, randomItem(random));
  std::vector<std::vector<FilterStep>> programs;
  std::vector<uint64_t> handles;
  for (int i = 0; i < 4; ++i) {
    std::vector<FilterStep> steps;
    randomProgram(random, 2, steps);
    handles.push_back(shop.index.compile(steps));
    programs.push_back(steps);
  }
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done.load()) {
        for (const uint64_t handle : handles) {
          const std::shared_ptr<LiveFilter> filter = shop.index.filter(handle);
          shop.index.count(filter.get());
        }
      }
    });
  }
  for (int i = 0; i < 4000; ++i) {
    const uint32_t row = random() % (kRows + 9000);
    if (random() % 3) {
      shop.put(row, randomItem(random));
    } else {
      shop.remove(row);
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (size_t i = 0; i < handles.size(); ++i) shop.compare(handles[i], programs[i]);
}

}  // namespace

int main() {
  check::test("against every item", againstEveryItem);
  check::test("equal filters share, old ones go", equalFiltersShareAndOldOnesGo);
  check::test("wrong programs are refused", wrongProgramsAreRefused);
  check::test("built while items move", builtWhileItemsMove);
  return check::finish();
}
