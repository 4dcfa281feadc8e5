#ifndef MITOGEN_SYSTEM_H
#define MITOGEN_SYSTEM_H
#endif
