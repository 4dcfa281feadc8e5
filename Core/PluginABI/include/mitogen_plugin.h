#ifndef MITOGEN_PLUGIN_H
#define MITOGEN_PLUGIN_H
#endif
