// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/checked_file.h"

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <new>
#include <utility>

namespace hone::sqlite {
namespace {

// Offsets of the file header: https://www.sqlite.org/fileformat2.html, section 1.3.
constexpr int kHeaderBytes = 100;
constexpr int kReservedAt = 20;
constexpr int kUserVersionAt = 60;
constexpr int kApplicationIdAt = 68;
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::string_view kOurs("hone");
constexpr int kSmallestPage = 512;
constexpr int kLargestPage = 65536;
constexpr int kOurPage = 4096;
constexpr std::string_view kFirstWithStamps("\0\0\0\2", 4);  // schema 0002, big-endian

using Stamp = std::array<char, kStampBytes>;

/// What SQLite holds of an open file; that of the system's own file system follows behind it.
struct CheckedFile {
  sqlite3_file base;
  const char* path;
  bool stamped;
};

sqlite3_vfs* system_files = nullptr;  // set before our file system is known

std::string& Damage() {
  thread_local std::string damage;
  return damage;
}

CheckedFile* Outer(sqlite3_file* file) {
  return reinterpret_cast<CheckedFile*>(file);
}

sqlite3_file* Inner(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(Outer(file) + 1);
}

/// Two sums, each fed by the other. Every step can be undone, so a change of one word always
/// changes the result; ten times as fast as a table-driven CRC. Never zero.
Stamp StampOf(const char* page, int bytes, std::uint32_t number) {
  std::uint32_t a = number;
  std::uint32_t b = ~number;
  for (int at = 0; at < bytes - kStampBytes; at += 8) {
    std::array<std::uint32_t, 2> words;
    std::memcpy(words.data(), page + at, sizeof words);
    a += words[0] + b;
    b += words[1] + a;
  }
  if (a == 0 && b == 0) {
    b = 1;
  }
  const std::array<std::uint32_t, 2> sums{a, b};
  Stamp stamp;
  std::memcpy(stamp.data(), sums.data(), sizeof stamp);
  return stamp;
}

std::uint32_t NumberOf(int bytes, sqlite3_int64 offset) {
  return static_cast<std::uint32_t>(offset / bytes) + 1;
}

bool HasHeader(const char* data, int bytes, sqlite3_int64 offset) {
  return offset == 0 && bytes >= kHeaderBytes && std::string_view(data, kMagic.size()) == kMagic;
}

/// A header that promises stamps by its schema but has no room for them was changed.
bool LostItsRoom(const char* header) {
  const std::string_view application(header + kApplicationIdAt, kOurs.size());
  const std::string_view version(header + kUserVersionAt, kFirstWithStamps.size());
  return application == kOurs && version >= kFirstWithStamps && header[kReservedAt] != kStampBytes;
}

bool IsPage(int bytes) {
  return bytes >= kSmallestPage && bytes <= kLargestPage && (bytes & (bytes - 1)) == 0;
}

bool Fits(const char* page, int bytes, std::uint32_t number) {
  const char* stamp = page + bytes - kStampBytes;
  const Stamp none{};
  return std::memcmp(stamp, none.data(), none.size()) == 0 ||
         std::memcmp(stamp, StampOf(page, bytes, number).data(), kStampBytes) == 0;
}

/// Equal but for one byte: the marks of a file that may be ours and damaged.
bool Alike(std::string_view found, std::string_view wanted) {
  int differences = 0;
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    differences += found[at] != wanted[at] ? 1 : 0;
  }
  return differences <= 1;
}

int Damaged(const CheckedFile& file, std::uint32_t number, const char* how) {
  Damage() = "page " + std::to_string(number) + " of " + file.path + " " + how;
  return SQLITE_IOERR_DATA;
}

int Read(sqlite3_file* handle, void* data, int bytes, sqlite3_int64 offset) {
  CheckedFile& file = *Outer(handle);
  sqlite3_file* inner = Inner(handle);
  const int code = inner->pMethods->xRead(inner, data, bytes, offset);
  char* const page = static_cast<char*>(data);
  if (code == SQLITE_OK && HasHeader(page, bytes, offset)) {
    file.stamped = page[kReservedAt] == kStampBytes;
    if (LostItsRoom(page)) {
      return Damaged(file, 1, "is damaged: its header differs");
    }
  }
  if (!file.stamped || !IsPage(bytes)) {
    return code;
  }
  const std::uint32_t number = NumberOf(bytes, offset);
  if (code == SQLITE_IOERR_SHORT_READ) {
    return Damaged(file, number, "is missing: the file was cut short");
  }
  if (code != SQLITE_OK) {
    return code;
  }
  if (!Fits(page, bytes, number)) {
    return Damaged(file, number, "is damaged: its checksum differs");
  }
  // Nothing of the stamp reaches the write-ahead log, whose frames have checksums of their own.
  std::memset(page + bytes - kStampBytes, 0, kStampBytes);
  return SQLITE_OK;
}

int Write(sqlite3_file* handle, const void* data, int bytes, sqlite3_int64 offset) {
  CheckedFile& file = *Outer(handle);
  sqlite3_file* inner = Inner(handle);
  const char* const page = static_cast<const char*>(data);
  if (HasHeader(page, bytes, offset)) {
    file.stamped = page[kReservedAt] == kStampBytes;
  }
  if (!file.stamped || !IsPage(bytes)) {
    return inner->pMethods->xWrite(inner, data, bytes, offset);
  }
  thread_local std::array<char, kLargestPage> copy;
  std::memcpy(copy.data(), page, static_cast<std::size_t>(bytes));
  const Stamp stamp = StampOf(page, bytes, NumberOf(bytes, offset));
  std::memcpy(copy.data() + bytes - kStampBytes, stamp.data(), stamp.size());
  return inner->pMethods->xWrite(inner, copy.data(), bytes, offset);
}

/// A method that the system's file system answers.
template <auto method, class R, class... A>
R Forward(sqlite3_file* file, A... arguments) {
  sqlite3_file* inner = Inner(file);
  return (inner->pMethods->*method)(inner, arguments...);
}

using Methods = sqlite3_io_methods;
using Offset = sqlite3_int64;

// Version 2: no mapping of files into memory, whose pages nobody would check.
constexpr Methods kMethods{
    .iVersion = 2,
    .xClose = &Forward<&Methods::xClose, int>,
    .xRead = &Read,
    .xWrite = &Write,
    .xTruncate = &Forward<&Methods::xTruncate, int, Offset>,
    .xSync = &Forward<&Methods::xSync, int, int>,
    .xFileSize = &Forward<&Methods::xFileSize, int, Offset*>,
    .xLock = &Forward<&Methods::xLock, int, int>,
    .xUnlock = &Forward<&Methods::xUnlock, int, int>,
    .xCheckReservedLock = &Forward<&Methods::xCheckReservedLock, int, int*>,
    .xFileControl = &Forward<&Methods::xFileControl, int, int, void*>,
    .xSectorSize = &Forward<&Methods::xSectorSize, int>,
    .xDeviceCharacteristics = &Forward<&Methods::xDeviceCharacteristics, int>,
    .xShmMap = &Forward<&Methods::xShmMap, int, int, int, int, volatile void**>,
    .xShmLock = &Forward<&Methods::xShmLock, int, int, int, int>,
    .xShmBarrier = &Forward<&Methods::xShmBarrier, void>,
    .xShmUnmap = &Forward<&Methods::xShmUnmap, int, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs* /*ours*/, sqlite3_filename name, sqlite3_file* handle, int flags,
         int* out_flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
    return system_files->xOpen(system_files, name, handle, flags, out_flags);
  }
  auto* file = new (handle) CheckedFile{.base = {}, .path = name, .stamped = false};
  const int code = system_files->xOpen(system_files, name, Inner(handle), flags, out_flags);
  file->base.pMethods = code == SQLITE_OK ? &kMethods : nullptr;
  return code;
}

const char* Register() {
  static constexpr char kName[] = "hone-checked";
  system_files = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs ours = *system_files;
  ours.szOsFile += static_cast<int>(sizeof(CheckedFile));
  ours.pNext = nullptr;
  ours.zName = kName;
  ours.xOpen = &Open;
  sqlite3_vfs_register(&ours, 0);
  return kName;
}

}  // namespace

const char* CheckedFiles() {
  static const char* const name = Register();
  return name;
}

bool IsDamagedFirstPage(std::string_view bytes) {
  if (std::ssize(bytes) < kOurPage || !Alike(bytes.substr(0, kMagic.size()), kMagic) ||
      !Alike(bytes.substr(kApplicationIdAt, kOurs.size()), kOurs)) {
    return false;
  }
  const bool stamped = bytes[kReservedAt] == kStampBytes;
  return LostItsRoom(bytes.data()) || (stamped && !Fits(bytes.data(), kOurPage, 1));
}

std::string TakeDamage() {
  return std::exchange(Damage(), {});
}

}  // namespace hone::sqlite
