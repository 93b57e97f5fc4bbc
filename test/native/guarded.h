#pragma once
// Arrays that end where the readable memory ends: one element read or written too far is a crash, even from assembler
// and masked instructions that no sanitizer sees. Starts are as unaligned as the length makes them.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define KAIRANK_GUARD_PAGES 1
#endif

/// `size` elements of a plain type, zeroed.
template <typename T>
class Guarded {
 public:
  explicit Guarded(size_t size) : size_(size) {
#if defined(KAIRANK_GUARD_PAGES)
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t used = (size * sizeof(T) + page - 1) / page * page;
    mapped_ = used + page;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED || mprotect(static_cast<char*>(base_) + used, page, PROT_NONE) != 0) throw std::bad_alloc();
    data_ = reinterpret_cast<T*>(static_cast<char*>(base_) + used - size * sizeof(T));
#else
    base_ = std::calloc(size + 1, sizeof(T));
    if (base_ == nullptr) throw std::bad_alloc();
    data_ = static_cast<T*>(base_);
#endif
  }
  ~Guarded() {
#if defined(KAIRANK_GUARD_PAGES)
    munmap(base_, mapped_);
#else
    std::free(base_);
#endif
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }

 private:
  size_t size_;
  size_t mapped_ = 0;
  void* base_ = nullptr;
  T* data_ = nullptr;
};
