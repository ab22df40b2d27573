//! [`object_of!`](crate::object_of): makes a trait of objects from a list of a type's methods.

/// Makes a sealed, object-safe trait with methods of a type that is generic over N, and implements
/// it for that type. The list states each method once, with its signature in the trait: without a
/// body, it calls the type's method of the same name. Methods that take `&mut self` stand last,
/// behind `mut:`. `sealed::Sealed` is a trait of the module that makes the object.
#[doc(hidden)]
#[macro_export]
macro_rules! object_of {
    (@body $body:expr, $call:expr) => { $body };
    (@body $call:expr) => { $call };
    (
        $(#[$attribute:meta])*
        $Object:ident of [$($generics:tt)*] $Type:ident<$($parameter:ident),*> {
            $($(#[$doc:meta])* fn $method:ident$(<$life:lifetime>)?(
                &$($borrow:lifetime)? $self:ident $(, $argument:ident: $type:ty)*
            ) -> $output:ty $(= $body:expr)?;)*
            $(mut: $($(#[$doc_mut:meta])* fn $method_mut:ident(
                &mut $self_mut:ident $(, $argument_mut:ident: $type_mut:ty)*
            ) $(-> $output_mut:ty)?;)*)?
        }
    ) => {
        $(#[$attribute])*
        pub trait $Object: sealed::Sealed + core::fmt::Debug + Send + Sync {
            /// N.
            fn arity(&self) -> usize;
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("As [`", stringify!($Type), "::", stringify!($method), "`].")]
                fn $method$(<$life>)?(&$($borrow)? $self $(, $argument: $type)*) -> $output;
            )*
            $($(
                $(#[$doc_mut])*
                ///
                #[doc = concat!("As [`", stringify!($Type), "::", stringify!($method_mut), "`].")]
                fn $method_mut(&mut $self_mut $(, $argument_mut: $type_mut)*) $(-> $output_mut)?;
            )*)?
        }

        impl<$($generics)*> sealed::Sealed for $Type<$($parameter),*> {}

        impl<$($generics)*> $Object for $Type<$($parameter),*> {
            fn arity(&self) -> usize {
                N
            }
            $(
                fn $method$(<$life>)?(&$($borrow)? $self $(, $argument: $type)*) -> $output {
                    $crate::object_of!(@body $($body,)? $Type::$method($self $(, $argument)*))
                }
            )*
            $($(
                fn $method_mut(&mut $self_mut $(, $argument_mut: $type_mut)*) $(-> $output_mut)? {
                    $Type::$method_mut($self_mut $(, $argument_mut)*)
                }
            )*)?
        }
    };
}
