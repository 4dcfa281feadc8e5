enum NewStyleHalf { static var source: [UInt8] { PackageResources.new_style_py } }
