# frozen_string_literal: true

require_relative "lib/imattr/version"

Gem::Specification.new do |spec|
  spec.name = "imattr"
  spec.version = IMAttr::VERSION
  spec.summary = "Asks imattrd for the attributes of Tencent Chat accounts"
  spec.description = "A client of imattrd, the daemon that makes all calls of a machine to Tencent Chat's im_get_attr."
  spec.authors = ["The imattrd authors"]
  spec.license = "Apache-2.0"
  spec.required_ruby_version = ">= 3.1"
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*.rb", "README.md", "LICENSE", "example.rb"] }
end
