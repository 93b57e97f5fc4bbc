// Windows; file_io.cpp has the same for POSIX.
#ifdef _WIN32

#define NOMINMAX
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <system_error>

#include "../include/status.h"
#include "file_io.h"

namespace kairank {

namespace {

constexpr int kTries = 100;                      // of names for a temporary file
constexpr size_t kMostAtOnce = size_t{1} << 30;  // a call takes 32 bits

[[noreturn]] void refuse(const std::string& path, const char* what, DWORD code) {
  throw Error(Status::io, "The file '" + path + "' could not be " + what + ": " +
                              std::system_category().message(static_cast<int>(code)) + ".");
}

std::wstring wide(const std::string& path) {
  const int size = static_cast<int>(path.size());
  const int length = MultiByteToWideChar(CP_UTF8, 0, path.data(), size, nullptr, 0);
  std::wstring out(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.data(), size, out.data(), length);
  return out;
}

HANDLE handleOf(intptr_t handle) { return reinterpret_cast<HANDLE>(handle); }

OVERLAPPED at(uint64_t offset) {
  OVERLAPPED place{};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return place;
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  const HANDLE file = CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                                  OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) refuse(path, "opened", GetLastError());
  LARGE_INTEGER size{};
  if (!GetFileSizeEx(file, &size)) {
    const DWORD code = GetLastError();
    CloseHandle(file);
    refuse(path, "opened", code);
  }
  handle_ = reinterpret_cast<intptr_t>(file);
  size_ = static_cast<uint64_t>(size.QuadPart);
}

InputFile::~InputFile() { CloseHandle(handleOf(handle_)); }

int InputFile::descriptor() const { return -1; }

void InputFile::read(uint64_t offset, void* out, size_t bytes) const {
  uint8_t* to = static_cast<uint8_t*>(out);
  while (bytes > 0) {
    OVERLAPPED place = at(offset);
    DWORD got = 0;
    if (!ReadFile(handleOf(handle_), to, static_cast<DWORD>(std::min(bytes, kMostAtOnce)), &got, &place)) {
      const DWORD code = GetLastError();
      if (code != ERROR_HANDLE_EOF) refuse(path_, "read", code);
      got = 0;
    }
    if (got == 0) throw Error(Status::corruptFile, "The file '" + path_ + "' is truncated.");
    to += got;
    offset += got;
    bytes -= got;
  }
}

void InputFile::announce(uint64_t, uint64_t) const {}  // Windows sees by itself that a file is read in order

OutputFile::OutputFile(const std::string& path) : path_(path) {
  static std::atomic<unsigned> number{0};
  for (int turn = 0; turn < kTries; turn++) {
    temporary_ = path + ".tmp-" + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(number.fetch_add(1));
    const HANDLE file =
        CreateFileW(wide(temporary_).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file != INVALID_HANDLE_VALUE) {
      handle_ = reinterpret_cast<intptr_t>(file);
      return;
    }
    const DWORD code = GetLastError();
    if (code != ERROR_FILE_EXISTS) refuse(temporary_, "created", code);
  }
  refuse(temporary_, "created", ERROR_FILE_EXISTS);
}

OutputFile::~OutputFile() {
  if (handle_ != -1) close();
  if (!temporary_.empty()) DeleteFileW(wide(temporary_).c_str());
}

void OutputFile::close() {
  CloseHandle(handleOf(handle_));
  handle_ = -1;
}

void OutputFile::write(uint64_t offset, const void* data, size_t bytes) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  while (bytes > 0) {
    OVERLAPPED place = at(offset);
    DWORD put = 0;
    if (!WriteFile(handleOf(handle_), from, static_cast<DWORD>(std::min(bytes, kMostAtOnce)), &put, &place)) {
      refuse(temporary_, "written", GetLastError());
    }
    from += put;
    offset += put;
    bytes -= put;
  }
}

void OutputFile::commit() {
  if (!FlushFileBuffers(handleOf(handle_))) refuse(temporary_, "written", GetLastError());
  close();
  // With the write through, the new name is on the disk too when the call returns.
  if (!MoveFileExW(wide(temporary_).c_str(), wide(path_).c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
    refuse(path_, "replaced", GetLastError());
  }
  temporary_.clear();
}

}  // namespace kairank

#endif
