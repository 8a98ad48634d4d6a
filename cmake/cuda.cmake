# SPDX-License-Identifier: Apache-2.0
# CUDA, for models on an NVIDIA device (docs/cuda.md): an optional part, off unless asked for. HONE_HAS_CUDA says whether it
# is built. Nothing else links it: hone loads it when it is told to.

set(HONE_CUDA OFF CACHE STRING "libhone_cuda.so: ON, OFF")
file(GLOB wheels ${CMAKE_SOURCE_DIR}/build/cuda-venv/lib/python3*/site-packages/nvidia/cu13)
set(HONE_CUDA_ROOT "${wheels}" CACHE PATH "Folder with bin/nvcc; default: what tools/setup.sh --cuda fetched")
set(HONE_CUDA_ARCHITECTURES 75 80 86 89 90 100 120 CACHE STRING "Compute capabilities that code is made for")
set(HONE_HAS_CUDA FALSE)
if(HONE_CUDA)
  find_program(HONE_NVCC nvcc HINTS ${HONE_CUDA_ROOT}/bin /usr/local/cuda/bin REQUIRED)
  get_filename_component(nvcc_root ${HONE_NVCC}/../.. ABSOLUTE)
  # The wheels have no unversioned links.
  find_library(HONE_CUBLAS NAMES cublas libcublas.so.13 libcublas.so.12 HINTS ${nvcc_root}/lib ${nvcc_root}/lib64 REQUIRED)
  find_library(HONE_CUSOLVER NAMES cusolver libcusolver.so.12 libcusolver.so.11 HINTS ${nvcc_root}/lib ${nvcc_root}/lib64 REQUIRED)
  get_filename_component(HONE_CUDA_LIBRARIES ${HONE_CUBLAS} DIRECTORY)
  set(HONE_HAS_CUDA TRUE)
  list(APPEND HONE_OPTIONAL_PARTS "cuda: built (${HONE_NVCC})")
else()
  list(APPEND HONE_OPTIONAL_PARTS "cuda: skipped, HONE_CUDA is OFF (docs/cuda.md)")
endif()
