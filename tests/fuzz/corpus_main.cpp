// SPDX-License-Identifier: Apache-2.0
// Puts every file of the given folders through FuzzOne: what a fuzzer has found stays found.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/fuzz/fuzz.h"

int main(int argc, char** argv) {
  int inputs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(file), {}};
      std::cout << entry.path().filename().string() << ": " << input.size() << " bytes\n"
                << std::flush;
      hone::fuzz::FuzzWithinBounds(input);
      ++inputs;
    }
  }
  if (inputs == 0) {
    std::cerr << "usage: NAME_fuzz FOLDER...; the folders have no files\n";
    return 1;
  }
  return 0;
}
