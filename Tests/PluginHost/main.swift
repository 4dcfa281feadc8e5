import Registry

// What `mitogen plugin-host` is in the command: the tests' registry starts this in its stead.
PluginHost.main()
