/*
 * libffi as the registry needs it: every argument is one pointer, every result an int32_t.
 * libffi's type descriptions are C globals, which Swift may not touch; these functions keep them in C.
 */
#ifndef MITOGEN_FFI_SHIM_H
#define MITOGEN_FFI_SHIM_H

#include <ffi.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Describes a function of `count` pointers that returns int32_t. The result lives until the process ends: calls
 * and closures refer to it. NULL: no memory, or libffi refused. Any thread.
 */
static inline ffi_cif *mitogen_ffi_form(unsigned count) {
  ffi_cif *form = (ffi_cif *)calloc(1, sizeof(ffi_cif));
  ffi_type **types = (ffi_type **)calloc(count ? count : 1, sizeof(ffi_type *));
  if (!form || !types) goto fail;
  for (unsigned i = 0; i < count; i++) types[i] = &ffi_type_pointer;
  if (ffi_prep_cif(form, FFI_DEFAULT_ABI, count, &ffi_type_sint32, types) != FFI_OK) goto fail;
  return form;
fail:
  free(form);
  free(types);
  return NULL;
}

/*
 * Calls `function` with as many of `values` as the form has arguments. The place for the result is a whole
 * ffi_arg: libffi writes 8 bytes even for an int32_t. Thread: the caller's; `values` is borrowed for the call.
 */
static inline int32_t mitogen_ffi_call(ffi_cif *form, int32_t (*function)(void), void **values) {
  void *places[16];
  ffi_arg result = 0;
  for (unsigned i = 0; i < form->nargs && i < 16; i++) places[i] = &values[i];
  ffi_call(form, function, &result, places);
  return (int32_t)result;
}

/*
 * A function of this form, whose calls arrive at `handler` with `context`. Lives until the process ends, as does
 * whatever `context` points to. NULL: no executable memory to be had.
 */
static inline int32_t (*mitogen_ffi_closure(
  ffi_cif *form, void (*handler)(ffi_cif *, void *, void **, void *), void *context))(void) {
  void *code = NULL;
  ffi_closure *closure = (ffi_closure *)ffi_closure_alloc(sizeof(ffi_closure), &code);
  if (!closure) return NULL;
  if (ffi_prep_closure_loc(closure, form, handler, context, code) != FFI_OK) {
    ffi_closure_free(closure);
    return NULL;
  }
  return (int32_t(*)(void))code;
}

#endif
