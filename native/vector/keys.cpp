#include "keys.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "../include/limits.h"
#include "../state/epochs.h"

namespace kairank {

/// A string id: its length, its hash, and its bytes behind them.
struct KeyMap::Text {
  uint32_t length;
  uint32_t hash;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const { return {bytes(), length}; }

  static Text* make(std::string_view text, uint64_t hash) {
    void* memory = std::malloc(sizeof(Text) + text.size());
    if (!memory) throw std::bad_alloc();
    Text* made = new (memory) Text{static_cast<uint32_t>(text.size()), static_cast<uint32_t>(hash)};
    std::memcpy(made->bytes(), text.data(), text.size());
    return made;
  }
};

namespace {

constexpr size_t kFirstSlots = 64;

uint64_t bitsOf(double number) {
  const double plain = number == 0 ? 0 : number;  // -0 is 0
  uint64_t bits;
  std::memcpy(&bits, &plain, sizeof bits);
  return bits;
}

uint64_t mixed(uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ull;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ull;
  return x ^ (x >> 32);
}

/// FNV-1a, then mixed.
uint64_t hashOfText(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325ull;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3ull;
  return mixed(hash) & 0xFFFFFFFFu;
}

uint64_t hashOfKey(const KeyList& keys, size_t index) {
  return keys.strings ? hashOfText(keys.texts[index]) : mixed(bitsOf(keys.numbers[index]));
}

}  // namespace

KeyMap::~KeyMap() {
  if (!strings_) return;
  for (uint32_t row : slots_) {
    if (row != kNoRow && !inFile(identity(row))) std::free(reinterpret_cast<void*>(identity(row)));
  }
}

void KeyMap::reserveFile(uint32_t rows, uint64_t bytes) {
  fileRows_ = rows;
  fileBytes_ = bytes;
  fileOffsets_.reserve((size_t{rows} + 1) * sizeof(uint64_t));
  fileTexts_.reserve(static_cast<size_t>(bytes));
  textBytes_ += (size_t{rows} + 1) * sizeof(uint64_t) + static_cast<size_t>(bytes);
}

std::string_view KeyMap::textOf(uint64_t identity) const {
  if (!inFile(identity)) return reinterpret_cast<const Text*>(identity)->view();
  // Nobody may have verified yet what the file says.
  if (identity / 2 >= fileRows_) return {};
  const uint64_t* offsets = reinterpret_cast<const uint64_t*>(fileOffsets_.data()) + identity / 2;
  const uint64_t begin = offsets[0], end = offsets[1];
  if (begin > end || end > fileBytes_) return {};
  return {reinterpret_cast<const char*>(fileTexts_.data()) + begin, static_cast<size_t>(end - begin)};
}

uint64_t KeyMap::hashOf(uint64_t identity) const {
  if (!strings_) return mixed(identity);
  return inFile(identity) ? hashOfText(textOf(identity)) : reinterpret_cast<const Text*>(identity)->hash;
}

bool KeyMap::equals(uint32_t row, const KeyList& keys, size_t index) const {
  return strings_ ? textOf(identity(row)) == keys.texts[index] : identity(row) == bitsOf(keys.numbers[index]);
}

/// Where the id is, or would be.
size_t KeyMap::slotOf(const KeyList& keys, size_t index, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot] != kNoRow && !equals(slots_[slot], keys, index)) slot = (slot + 1) & mask;
  return slot;
}

uint32_t KeyMap::find(const KeyList& keys, size_t index) const {
  if (slots_.empty() || keys.strings != strings_) return kNoRow;
  return slots_[slotOf(keys, index, hashOfKey(keys, index))];
}

void KeyMap::clearSlots(size_t rows) {
  size_t slots = kFirstSlots;
  while (slots * 2 < rows * 3) slots *= 2;
  slots_.assign(slots, kNoRow);
  size_ = 0;
}

void KeyMap::insertRow(uint32_t row) {
  const size_t mask = slots_.size() - 1;
  size_t slot = hashOf(identity(row)) & mask;
  while (slots_[slot] != kNoRow) slot = (slot + 1) & mask;
  slots_[slot] = row;
  size_++;
}

void KeyMap::grow() {
  if (!slots_.empty() && (size_ + 1) * 3 <= slots_.size() * 2) return;
  const std::vector<uint32_t> before = std::move(slots_);
  clearSlots(before.size());
  for (uint32_t row : before) {
    if (row != kNoRow) insertRow(row);
  }
}

uint32_t KeyMap::assign(const KeyList& keys, size_t index, uint32_t row) {
  grow();
  const uint64_t hash = hashOfKey(keys, index);
  const size_t slot = slotOf(keys, index, hash);
  const uint32_t before = slots_[slot];
  uint64_t word;
  if (!strings_) {
    word = bitsOf(keys.numbers[index]);
  } else if (before != kNoRow) {
    word = identity(before);  // the row that comes shares the text of the one that goes
  } else {
    word = reinterpret_cast<uint64_t>(Text::make(keys.texts[index], hash));
    textBytes_ += sizeof(Text) + keys.texts[index].size();
  }
  words_[row].store(word, std::memory_order_release);
  slots_[slot] = row;
  if (before == kNoRow) size_++;
  return before;
}

uint32_t KeyMap::erase(const KeyList& keys, size_t index) {
  if (slots_.empty()) return kNoRow;
  const size_t mask = slots_.size() - 1;
  size_t slot = slotOf(keys, index, hashOfKey(keys, index));
  const uint32_t row = slots_[slot];
  if (row == kNoRow) return kNoRow;
  // What follows moves up into the gap unless it is at home there already (Knuth, vol. 3, algorithm 6.4R).
  for (size_t next = (slot + 1) & mask; slots_[next] != kNoRow; next = (next + 1) & mask) {
    const size_t home = hashOf(identity(slots_[next])) & mask;
    if (((next - home) & mask) < ((next - slot) & mask)) continue;
    slots_[slot] = slots_[next];
    slot = next;
  }
  slots_[slot] = kNoRow;
  size_--;
  if (strings_ && !inFile(identity(row))) {
    Text* text = reinterpret_cast<Text*>(identity(row));
    textBytes_ -= sizeof(Text) + text->length;
    epochs::retire(
        text, [](void* memory) { std::free(memory); }, sizeof(Text) + text->length);
  }
  return row;
}

double KeyMap::number(uint32_t row) const {
  const uint64_t word = identity(row);
  double number;
  std::memcpy(&number, &word, sizeof number);
  return number;
}

std::string_view KeyMap::text(uint32_t row) const { return textOf(identity(row)); }

}  // namespace kairank
