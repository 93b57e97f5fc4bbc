#include "memory.h"

#include <algorithm>
#include <new>

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace kairank {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kStep = size_t{64} << 10;
constexpr size_t kHugeFrom = 2 * kHugePage;
constexpr int kCollapse = 25;  // MADV_COLLAPSE of Linux 6.1: what is there already moves into huge pages

size_t roundUp(size_t bytes, size_t multiple) { return (bytes + multiple - 1) / multiple * multiple; }

}  // namespace

#ifdef _WIN32

Region::~Region() {
  if (reservation_) VirtualFree(reservation_, 0, MEM_RELEASE);
}

void Region::reserve(size_t most) {
  most_ = most;
  reserved_ = roundUp(most + kSlack, kStep);
  reservation_ = VirtualAlloc(nullptr, reserved_, MEM_RESERVE, PAGE_NOACCESS);
  if (!reservation_) throw std::bad_alloc();
  base_ = static_cast<uint8_t*>(reservation_);
}

void Region::ensure(size_t bytes) {
  if (bytes > most_) throw std::bad_alloc();
  const size_t wanted = std::min(roundUp(bytes + kSlack, kStep), reserved_);
  if (wanted <= committed_) return;
  if (!VirtualAlloc(base_ + committed_, wanted - committed_, MEM_COMMIT, PAGE_READWRITE)) throw std::bad_alloc();
  committed_ = wanted;
}

bool Region::map(int, uint64_t, size_t) { return false; }

#else

Region::~Region() {
  if (reservation_) munmap(reservation_, reserved_);
}

void Region::reserve(size_t most) {
  most_ = most;
  // One huge page more, so that the base can begin at one.
  reserved_ = roundUp(most + kSlack, kStep) + kHugePage;
  void* memory = mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  reservation_ = memory;
  base_ = reinterpret_cast<uint8_t*>(roundUp(reinterpret_cast<uintptr_t>(memory), kHugePage));
}

void Region::ensure(size_t bytes) {
  if (bytes > most_) throw std::bad_alloc();
  // An eighth more than asked for: rows that come one by one do not ask the system each time. Large arrays grow by
  // whole huge pages, or the borders between what came when would stay small ones.
  const size_t step = bytes >= kHugeFrom ? kHugePage : kStep;
  const size_t wanted = std::min(roundUp(bytes + bytes / 8 + kSlack, step), roundUp(most_ + kSlack, kStep));
  if (bytes + kSlack <= committed_) return;
  if (mprotect(base_ + committed_, wanted - committed_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  committed_ = wanted;
#ifdef MADV_HUGEPAGE
  // Reads go all over a large index: with small pages, most of them would miss the TLB. A refusal costs only time. In
  // what is mapped, a touch would then read a huge page of the file.
  const size_t own = roundUp(mapped_, kHugePage);
  if (!advised_ && committed_ >= own + kHugeFrom) {
    madvise(base_ + own, roundUp(most_, kStep) - own, MADV_HUGEPAGE);
    madvise(base_ + own, committed_ - own, kCollapse);
    advised_ = true;
  }
#endif
}

bool Region::map(int file, uint64_t offset, size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > most_ || offset % page != 0) return false;
  const size_t whole = roundUp(bytes, page);
  if (whole > 0) {
    void* at = mmap(base_, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, static_cast<off_t>(offset));
    if (at == MAP_FAILED) return false;
    // What is around a touched page is rarely wanted next; ColdPages asks for what is.
    madvise(base_, whole, MADV_RANDOM);
  }
  committed_ = mapped_ = whole;
  // Slack behind the last row, in pages of its own.
  ensure(bytes);
  return true;
}

#endif

}  // namespace kairank
