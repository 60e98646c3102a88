import CommandLineKit
import Preprocess
import Tokenize

// Choices that can be typed.
extension InputFormat: ArgumentValue {}
extension VocabularyTraining.Faults: ArgumentValue {}
extension LearnSettings.Alphabet: ArgumentValue {}
extension TextForm: ArgumentValue {}
